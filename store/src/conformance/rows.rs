//! Checks of the index side: rows, watermark, and the fold that fills them from the lines.

use sync_core::rows::{Batch, Rows};

use super::{Backend, Failure, append_named, ensure_named, record, said};
use crate::error::StoreError;
use crate::index::Index;
use crate::log::Log;
use crate::store::{CATCH_UP_LINES_MAX, Store};

fn batch<const N: usize>(writes: [(&str, Option<&str>); N]) -> Batch {
    let mut batch = Batch::default();
    for (key, value) in writes {
        match value {
            Some(value) => batch.put(key.into(), value.into()),
            None => batch.delete(key.into()),
        }
    }
    batch
}

pub(super) type RowList = Vec<(Vec<u8>, Vec<u8>)>;

pub(super) fn scan(rows: &dyn Rows, prefix: &str, from: &str) -> Result<RowList, Failure> {
    let mut found = Vec::new();
    rows.scan(prefix.as_bytes(), from.as_bytes(), &mut |key, value| {
        found.push((key.to_vec(), value.to_vec()));
        true
    })
    .map_err(said)?;
    Ok(found)
}

fn keys(rows: &dyn Rows, prefix: &str, from: &str) -> Result<String, Failure> {
    let keys =
        scan(rows, prefix, from)?.into_iter().map(|(key, _)| String::from_utf8_lossy(&key).into_owned());
    Ok(keys.collect::<Vec<_>>().join(" "))
}

/// Folds every line into a row of its own and a running count.
fn catch_up_counting<L: Log, I: Index>(store: &mut Store<L, I>) -> Result<u64, StoreError> {
    store.catch_up(
        &mut |seq, bytes, rows| {
            let count = rows.get(b"count")?.map_or(0, |value| value.len()) + 1;
            rows.put(b"count".to_vec(), vec![b'.'; count]);
            rows.put(format!("row {seq:08}").into_bytes(), bytes.to_vec());
            Ok(())
        },
        &mut |_| {},
    )
}

pub(super) fn rows_read_back<B: Backend>(backend: &mut B) -> Result<(), Failure> {
    let mut store = backend.open().map_err(said)?;
    append_named(&mut store, 2)?;
    store.apply(&batch(["a", "a/2", "a/1", "a/3", "b"].map(|key| (key, Some("old")))), 1).map_err(said)?;
    store
        .apply(&batch([("a/2", Some("new")), ("a/3", None), ("c", None), ("z", Some(""))]), 2)
        .map_err(said)?;
    let rows = store.rows();
    for (prefix, from, expected) in [
        ("", "", "a a/1 a/2 b z"),
        ("a/", "a/", "a/1 a/2"),
        ("a/", "a/2", "a/2"),
        ("a/", "a", "a/1 a/2"),
        ("a/", "b", ""),
        ("x", "x", ""),
    ] {
        let found = keys(&rows, prefix, from)?;
        ensure!(found == expected, "scan of {prefix:?} from {from:?} found {found:?}, not {expected:?}");
    }
    let value = |key: &str| rows.get(key.as_bytes()).map_err(said);
    ensure!(value("a/2")?.as_deref() == Some(b"new"), "a/2 is not new");
    ensure!(value("z")?.as_deref() == Some(b""), "an empty value is not kept");
    ensure!(value("a/3")?.is_none(), "a/3 is not deleted");
    Ok(())
}

pub(super) fn row_handle<B: Backend>(backend: &mut B) -> Result<(), Failure> {
    let mut store = backend.open().map_err(said)?;
    let rows = store.rows();
    store.apply(&batch([("k", Some("v"))]), 0).map_err(said)?;
    ensure!(rows.get(b"k").map_err(said)?.is_some(), "a row applied later is not seen");
    store.rebuild().map_err(said)?;
    ensure!(rows.get(b"k").map_err(said)?.is_none(), "a row from before the rebuild is seen");
    store.close().map_err(said)?;
    ensure!(rows.get(b"k").is_err(), "a row can be read from a closed store");
    // The handle must not keep others from opening the store.
    backend.open().map_err(said)?;
    Ok(())
}

pub(super) fn rows_read_while_scanning<B: Backend>(backend: &mut B) -> Result<(), Failure> {
    let mut store = backend.open().map_err(said)?;
    let mut many = Batch::default();
    for number in 0..300 {
        many.put(format!("{number:03}").into_bytes(), b"v".to_vec());
    }
    store.apply(&many, 0).map_err(said)?;
    let rows = store.rows();
    let mut visited = 0;
    rows.scan(b"", b"", &mut |key, _| {
        visited += 1;
        matches!(rows.get(key), Ok(Some(_))) && visited < 250
    })
    .map_err(said)?;
    ensure!(visited == 250, "visited {visited} rows");
    Ok(())
}

pub(super) fn rows_survive_closing<B: Backend>(backend: &mut B) -> Result<(), Failure> {
    let mut store = backend.open().map_err(said)?;
    append_named(&mut store, 3)?;
    store.apply(&batch([("k", Some("v"))]), 3).map_err(said)?;
    store.close().map_err(said)?;
    let store = backend.open().map_err(said)?;
    ensure!(store.watermark() == 3, "the watermark is {}", store.watermark());
    ensure!(keys(&store.rows(), "", "")? == "k", "the row is gone");
    Ok(())
}

pub(super) fn rows_agree_after_a_crash<B: Backend>(backend: &mut B) -> Result<(), Failure> {
    let mut store = backend.open().map_err(said)?;
    for _ in 0..20 {
        append_named(&mut store, 5)?;
        catch_up_counting(&mut store).map_err(said)?;
    }
    backend.crash(store);
    let mut store = backend.open().map_err(said)?;
    let rows = scan(&store.rows(), "row ", "row ")?.len() as u64;
    ensure!(rows == store.watermark(), "{rows} rows with watermark {}", store.watermark());
    catch_up_counting(&mut store).map_err(said)?;
    let count = store.rows().get(b"count").map_err(said)?.map_or(0, |value| value.len());
    ensure!(count == 100, "{count} records counted after catching up");
    Ok(())
}

pub(super) fn watermark_is_bounded<B: Backend>(backend: &mut B) -> Result<(), Failure> {
    let mut store = backend.open().map_err(said)?;
    append_named(&mut store, 3)?;
    store.apply(&batch([]), 2).map_err(said)?;
    let refused = batch([("k", Some("v"))]);
    ensure_error!(store.apply(&refused, 1), StoreError::Watermark { offered: 1, current: 2, last: 3 });
    ensure_error!(store.apply(&refused, 4), StoreError::Watermark { offered: 4, current: 2, last: 3 });
    store.apply(&batch([("same", Some("v"))]), 2).map_err(said)?;
    ensure!(store.watermark() == 2, "the watermark is {}", store.watermark());
    ensure!(keys(&store.rows(), "", "")? == "same", "a refused batch left rows");
    Ok(())
}

pub(super) fn reserved_keys<B: Backend>(backend: &mut B) -> Result<(), Failure> {
    let mut store = backend.open().map_err(said)?;
    let mixed = batch([("\0watermark", None), ("k", Some("v"))]);
    ensure_error!(store.apply(&mixed, 0), StoreError::ReservedKey);
    ensure!(scan(&store.rows(), "", "")?.is_empty(), "a refused batch left rows, or the store shows its own");
    ensure!(scan(&store.rows(), "\0", "\0")?.is_empty(), "the store shows its own rows");
    ensure!(store.rows().get(b"\0watermark").map_err(said)?.is_none(), "the store shows its watermark row");
    Ok(())
}

pub(super) fn catch_up_folds_once<B: Backend>(backend: &mut B) -> Result<(), Failure> {
    let mut store = backend.open().map_err(said)?;
    let count = CATCH_UP_LINES_MAX * 2 + 5;
    append_named(&mut store, count)?;
    let mut folded = Vec::new();
    let mut reported = Vec::new();
    let reached = store
        .catch_up(
            &mut |seq, bytes, _| {
                folded.push((seq, bytes == record(seq)));
                Ok(())
            },
            &mut |progress| reported.push((progress.applied, progress.last)),
        )
        .map_err(said)?;
    ensure!(reached == count && store.watermark() == count, "it reached {reached} of {count}");
    ensure!(folded == (1..=count).map(|seq| (seq, true)).collect::<Vec<_>>(), "not each once in order");
    let expected = [CATCH_UP_LINES_MAX, CATCH_UP_LINES_MAX * 2, count].map(|applied| (applied, count));
    ensure!(reported == expected, "progress was {reported:?}");
    let again = store.catch_up(&mut |seq, _, _| Err(format!("{seq} again").into()), &mut |_| {});
    ensure!(again.is_ok_and(|reached| reached == count), "a second call folded again");
    Ok(())
}

pub(super) fn catch_up_resumes<B: Backend>(backend: &mut B) -> Result<(), Failure> {
    let mut store = backend.open().map_err(said)?;
    let bad = CATCH_UP_LINES_MAX + 7;
    append_named(&mut store, bad + 3)?;
    let failing = store.catch_up(
        &mut |seq, _, rows| {
            rows.put(format!("row {seq:08}").into_bytes(), Vec::new());
            if seq == bad { Err("no".into()) } else { Ok(()) }
        },
        &mut |_| {},
    );
    ensure!(matches!(failing, Err(StoreError::Fold { seq, .. }) if seq == bad), "it answered {failing:?}");
    ensure!(store.watermark() == CATCH_UP_LINES_MAX, "the watermark is {}", store.watermark());
    let rows = scan(&store.rows(), "row ", "row ")?.len() as u64;
    ensure!(rows == CATCH_UP_LINES_MAX, "{rows} rows of a batch that failed");
    let reached = catch_up_counting(&mut store).map_err(said)?;
    ensure!(reached == bad + 3, "it went on to {reached}");
    Ok(())
}

pub(super) fn fold_reads_its_writes<B: Backend>(backend: &mut B) -> Result<(), Failure> {
    let mut store = backend.open().map_err(said)?;
    append_named(&mut store, CATCH_UP_LINES_MAX + 1)?;
    catch_up_counting(&mut store).map_err(said)?;
    let count = store.rows().get(b"count").map_err(said)?.map_or(0, |value| value.len()) as u64;
    ensure!(count == CATCH_UP_LINES_MAX + 1, "counted {count}");
    Ok(())
}

pub(super) fn rebuild_comes_out_the_same<B: Backend>(backend: &mut B) -> Result<(), Failure> {
    let mut store = backend.open().map_err(said)?;
    append_named(&mut store, 50)?;
    catch_up_counting(&mut store).map_err(said)?;
    let before = scan(&store.rows(), "", "")?;
    store.rebuild().map_err(said)?;
    ensure!(store.watermark() == 0, "the watermark is {} after a rebuild", store.watermark());
    ensure!(scan(&store.rows(), "", "")?.is_empty(), "rows are left after a rebuild");
    ensure_named(&store.lines(), 50)?;
    catch_up_counting(&mut store).map_err(said)?;
    ensure!(scan(&store.rows(), "", "")? == before, "the rows differ");
    Ok(())
}
