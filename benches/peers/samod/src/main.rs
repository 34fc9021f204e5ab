//! samod as a device and as a server, with its own WebSocket transport and file system storage. Driven by
//! `cargo xtask peers`: what happened is a line of JSON on standard output, what to do next a line on standard input.
#![expect(clippy::print_stdout, reason = "lines on standard output are how it is driven")]

mod workload;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, bail};
use automerge::ROOT;
use futures::future::join_all;
use samod::storage::TokioFilesystemStorage;
use samod::{BackoffConfig, ConcurrencyConfig, DocHandle, DocumentId, PeerId, Repo, ShareConfig};
use tokio::io::{AsyncBufReadExt as _, BufReader};

use workload::{Visit, Workload};

/// How often what is missing is looked for.
const POLL: Duration = Duration::from_millis(20);
/// Documents looked up at the same time.
const FINDS_AT_ONCE: usize = 500;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        ["make", folder] => make(Path::new(folder)).await,
        ["apart", folder] => apart(Path::new(folder)).await,
        ["serve", folder, port] => serve(Path::new(folder), port.parse()?).await,
        ["device", folder, port] => device(Path::new(folder), port.parse()?).await,
        _ => bail!("peer-samod make|apart FOLDER, peer-samod serve|device FOLDER PORT"),
    }
}

fn threads() -> anyhow::Result<ConcurrencyConfig> {
    Ok(ConcurrencyConfig::Threadpool(rayon::ThreadPoolBuilder::new().build()?))
}

async fn open(folder: &Path, name: &str, share: ShareConfig) -> anyhow::Result<Repo> {
    let builder = Repo::build_tokio()
        .with_storage(TokioFilesystemStorage::new(folder.join(name)))
        .with_peer_id(PeerId::from(name))
        .with_share_policy(share)
        .with_concurrency(threads()?);
    Ok(builder.load().await)
}

/// Returns what the server shares: what it is asked for, as sync servers do.
fn server_share() -> ShareConfig {
    ShareConfig::read_write().with_announce(false)
}

/// Returns the documents, on the server; the device gets copies of its files, and their sync state at its
/// first connection.
async fn make(folder: &Path) -> anyhow::Result<()> {
    let workload = Workload::read(folder)?;
    let repo = open(folder, "server", server_share()).await?;
    let mut ids = Vec::new();
    for order in &workload.orders {
        ids.push(repo.create(order.document()?).await?.document_id().to_string());
    }
    repo.stop().await;
    std::fs::write(folder.join("ids.json"), serde_json::to_vec(&ids)?)?;
    say(&serde_json::json!({ "made": ids.len() }));
    Ok(())
}

fn ids(folder: &Path) -> anyhow::Result<Vec<DocumentId>> {
    let ids: Vec<String> = serde_json::from_slice(&std::fs::read(folder.join("ids.json"))?)?;
    ids.iter().map(|id| id.parse().ok().context("an id of ids.json is none")).collect()
}

async fn find(repo: &Repo, ids: &[DocumentId]) -> anyhow::Result<Vec<DocHandle>> {
    let mut handles = Vec::new();
    for some in ids.chunks(FINDS_AT_ONCE) {
        for found in join_all(some.iter().map(|id| repo.find(id.clone()))).await {
            handles.push(found?.context("a document is not in the store")?);
        }
    }
    Ok(handles)
}

/// Returns the visits, each on its side, without a connection.
async fn apart(folder: &Path) -> anyhow::Result<()> {
    let workload = Workload::read(folder)?;
    let ids = ids(folder)?;
    for (name, own) in [("device", true), ("server", false)] {
        let visits: Vec<&Visit> = workload.visits.iter().filter(|visit| visit.own == own).collect();
        let repo = open(folder, name, server_share()).await?;
        let wanted: Vec<_> = visits.iter().map(|visit| ids[visit.order].clone()).collect();
        for (visit, handle) in visits.iter().zip(find(&repo, &wanted).await?) {
            handle.with_document(|doc| visit.apply(doc))?;
        }
        repo.stop().await;
    }
    say(&serde_json::json!({ "visited": workload.visits.len() }));
    Ok(())
}

async fn serve(folder: &Path, port: u16) -> anyhow::Result<()> {
    let workload = Workload::read(folder)?;
    let ids = ids(folder)?;
    let repo = open(folder, "server", server_share()).await?;
    let acceptor = repo.make_acceptor(url::Url::parse(&format!("ws://127.0.0.1:{port}/"))?)?;
    let app = axum::Router::new().route(
        "/",
        axum::routing::get(move |upgrade: axum::extract::ws::WebSocketUpgrade| async move {
            upgrade.on_upgrade(move |socket| async move {
                if let Err(error) = acceptor.accept_axum(socket, None) {
                    say(&serde_json::json!({ "failed": error.to_string() }));
                }
            })
        }),
    );
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port)).await?;
    tokio::spawn(async move { axum::serve(listener, app).await });
    say(&serde_json::json!({ "ready": port }));
    watch(&repo, &workload, &ids, true).await
}

async fn device(folder: &Path, port: u16) -> anyhow::Result<()> {
    let workload = Workload::read(folder)?;
    let ids = ids(folder)?;
    let repo = open(folder, "device", ShareConfig::read_write()).await?;
    let handles = find(&repo, &ids).await?;
    say(&serde_json::json!({ "open": handles.len() }));
    let url = url::Url::parse(&format!("ws://127.0.0.1:{port}/"))?;
    let _dialer = repo.dial_websocket(url, BackoffConfig::default())?;
    watch(&repo, &workload, &ids, false).await
}

/// Says when the visits of the other side are all here, then does as it is told.
async fn watch(repo: &Repo, workload: &Workload, ids: &[DocumentId], own: bool) -> anyhow::Result<()> {
    let mut lines = BufReader::new(tokio::io::stdin()).lines();
    let wanted: Vec<_> = workload
        .visits
        .iter()
        .filter(|visit| visit.own == own)
        .map(|visit| ids[visit.order].clone())
        .collect();
    let mut missing = find(repo, &wanted).await?;
    let mut said = false;
    loop {
        missing.retain(|handle| !handle.with_document(|doc| Visit::has_come(doc)));
        if missing.is_empty() && !said {
            said = true;
            say(&serde_json::json!({ "has_all": wanted.len() }));
        }
        let line = if said {
            lines.next_line().await?
        } else {
            match tokio::time::timeout(POLL, lines.next_line()).await {
                Ok(line) => line?,
                Err(_) => continue,
            }
        };
        match line.as_deref() {
            Some("verify") => verify(repo, workload, ids).await?,
            Some(_) => {}
            None => break,
        }
    }
    repo.stop().await;
    Ok(())
}

/// Reads every value on this side.
async fn verify(repo: &Repo, workload: &Workload, ids: &[DocumentId]) -> anyhow::Result<()> {
    let handles = Arc::new(find(repo, ids).await?);
    let titles = workload.orders.iter().zip(handles.iter());
    let orders = titles.filter(|(order, handle)| {
        handle.with_document(|doc| workload::text(doc, &ROOT, "title")).as_deref()
            == Some(order.title.as_str())
    });
    let orders = orders.count();
    let visits =
        workload.visits.iter().filter(|visit| handles[visit.order].with_document(|doc| visit.is_in(doc)));
    say(&serde_json::json!({ "orders": orders, "visits": visits.count() }));
    Ok(())
}

fn say(what: &serde_json::Value) {
    println!("{what}");
}
