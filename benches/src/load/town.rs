//! Town: a municipality with people in it: an office, crews, orders, and the server they all talk to.

use std::path::Path;
use std::sync::Arc;

use anyhow::Context as _;
use serde_json::json;
use sync_core::invitation::InvitedBy;
use sync_core::log::act::Role;
use sync_core::replica::ImportFile;
use sync_core::replica::NewInvitation;
use tokio::sync::Mutex;
use tokio::task::JoinSet;

use super::child::Server;
use super::device::Device;
use super::talk::{Field, Link, field};

/// Enrolments at the same time: fewer than one address may try at once.
const ENROL_AT_ONCE: usize = 12;
const LOCALITIES: usize = 50;

/// A device that several tasks use, one at a time.
pub(crate) type Shared = Arc<Mutex<Device>>;

/// How large a town is.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Size {
    /// Crew devices.
    pub(crate) devices: usize,
    /// Devices of one crew.
    pub(crate) per_crew: usize,
    /// Orders of one crew that wait at the beginning.
    pub(crate) orders_per_crew: usize,
}

/// A municipality.
pub(crate) struct Town {
    /// The server.
    pub(crate) server: Server,
    /// What devices share.
    pub(crate) field: Arc<Field>,
    /// Administration.
    pub(crate) admin: Shared,
    /// Dispatch.
    pub(crate) dispatch: Shared,
    /// Supervision.
    pub(crate) supervisor: Shared,
    /// The crews' devices.
    pub(crate) crews: Vec<Shared>,
}

/// The code of a crew, from 0.
pub(crate) fn crew_code(number: usize) -> String {
    format!("C-{:03}", number + 1)
}

impl Town {
    /// Founds it, serves it, enrols everybody and brings them up to date.
    pub(crate) async fn found(
        program: &Path,
        folder: &Path,
        more: &[String],
        seed: u64,
        size: Size,
    ) -> anyhow::Result<Self> {
        let server = Server::start(program, folder, more)?;
        let field = field(server.address, seed);
        let mut admin = Device::new("Administración", Role::Admin, None, seed)?;
        field.enrol(&mut admin, InvitedBy::Code(server.admin_code.clone())).await?;
        field.sync(&mut admin, Link::Good).await?;
        let mut dispatch = Device::new("Despacho", Role::Dispatcher, None, seed)?;
        let mut supervisor = Device::new("Supervisión", Role::Supervisor, None, seed)?;
        for device in [&mut dispatch, &mut supervisor] {
            let role = device.role;
            let invited = field.think(|| admin.act(|book| book.invite(&NewInvitation::of(role)))).await?;
            field.sync(&mut admin, Link::Good).await?;
            field.enrol(device, InvitedBy::Secret(invited.secrets.secret)).await?;
            field.sync(device, Link::Good).await?;
        }
        let crews = size.devices.div_ceil(size.per_crew);
        let file: ImportFile = serde_json::from_value(catalog(crews, size.orders_per_crew))?;
        field.think(|| dispatch.act(|book| book.import(&file))).await.context("the catalog")?;
        field.sync(&mut dispatch, Link::Good).await?;
        let shared = |device| Arc::new(Mutex::new(device));
        let mut town = Self {
            server,
            field,
            admin: shared(admin),
            dispatch: shared(dispatch),
            supervisor: shared(supervisor),
            crews: Vec::new(),
        };
        let invited: Vec<_> = (0..size.devices).map(|number| crew_code(number / size.per_crew)).collect();
        town.crews = town.enrol_crews(&invited, 0).await?;
        Ok(town)
    }

    /// Enrols one device for each crew code; the first is called by the number `first`.
    pub(crate) async fn enrol_crews(&self, crews: &[String], first: usize) -> anyhow::Result<Vec<Shared>> {
        let mut admin = self.admin.lock().await;
        let invite = |crew| NewInvitation { crew: Some(crew), ..NewInvitation::of(Role::Crew) };
        let codes = self
            .field
            .think(|| admin.act(|book| crews.iter().map(|crew| book.invite(&invite(crew))).collect()));
        let codes: Vec<sync_core::replica::Invitation> = codes.await?;
        self.field.sync(&mut admin, Link::Good).await?;
        drop(admin);
        let mut waiting = (first..).zip(crews.iter().cloned().zip(codes));
        let mut enrolled = Vec::new();
        let mut under_way = JoinSet::new();
        loop {
            while under_way.len() < ENROL_AT_ONCE
                && let Some((number, (crew, invited))) = waiting.next()
            {
                let field = Arc::clone(&self.field);
                under_way.spawn(async move {
                    let name = format!("Celular {number}");
                    let mut device = Device::new(&name, Role::Crew, Some(&crew), field.seed)?;
                    field.enrol(&mut device, InvitedBy::Secret(invited.secrets.secret)).await?;
                    field.sync(&mut device, Link::Good).await?;
                    field.think(|| device.look()).await?;
                    anyhow::Ok((number, Arc::new(Mutex::new(device))))
                });
            }
            match under_way.join_next().await {
                Some(done) => enrolled.push(done??),
                None => break,
            }
        }
        enrolled.sort_by_key(|(number, _)| *number);
        Ok(enrolled.into_iter().map(|(_, device)| device).collect())
    }

    /// Everybody.
    pub(crate) fn everybody(&self) -> Vec<Shared> {
        let office = [&self.admin, &self.dispatch, &self.supervisor];
        office.into_iter().chain(&self.crews).map(Arc::clone).collect()
    }

    /// Everybody hands in what is left, over a good link, until nobody has anything. Answers how many had something.
    pub(crate) async fn drain(&self, devices: &[Shared]) -> anyhow::Result<usize> {
        let mut under_way = JoinSet::new();
        let mut had = 0;
        for device in devices {
            if under_way.len() >= 2 * ENROL_AT_ONCE {
                had += usize::from(under_way.join_next().await.context("one is under way")???);
            }
            let (device, field) = (Arc::clone(device), Arc::clone(&self.field));
            under_way.spawn(async move {
                let mut device = device.lock().await;
                let unsent = field.think(|| device.act(|book| Ok(book.view().status()?.unsent))).await?;
                field.sync(&mut device, Link::Good).await?;
                anyhow::Ok(unsent > 0)
            });
        }
        while let Some(done) = under_way.join_next().await {
            had += usize::from(done??);
        }
        Ok(had)
    }
}

fn catalog(crews: usize, orders_per_crew: usize) -> serde_json::Value {
    let locality = |index: usize| format!("Localidad {}", index % LOCALITIES);
    let localities: Vec<_> = (0..LOCALITIES).map(|index| json!({"name": locality(index)})).collect();
    let codes: Vec<_> = (0..crews).map(|index| json!({"code": crew_code(index)})).collect();
    let order = |index: usize| {
        json!({
            "key": format!("o-{index}"), "kind": "leak_repair", "locality": locality(index),
            "crew": crew_code(index / orders_per_crew), "title": format!("Fuga {index}"),
        })
    };
    let orders: Vec<_> = (0..crews * orders_per_crew).map(order).collect();
    let material =
        json!([{"sku": "TUBO-PVC-2", "name": "Tubo de PVC hidráulico de 2 pulgadas", "unit": "m"}]);
    json!({"localities": localities, "crews": codes, "materials": material, "orders": orders})
}
