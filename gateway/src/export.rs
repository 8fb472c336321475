//! The neutral documents: reading them from files, and putting an exam's export together from a
//! store that is only read.

use crate::adapters::StoreCatalog;
use crate::config::Config;
use crate::error::Trouble;
use crate::import;
use crate::serve::directory;
use actors::catalog::Catalog;
use engine::exam::export::{Export, ExportFault, FORMAT};
use engine::exam::{Exam, Materials};
use engine::{Record, WireId};
use entities::StoreError;
use serde::de::DeserializeOwned;
use std::path::Path;

/// Largest document that is read, bytes: an export holds a bank and all records of an exam.
pub const DOCUMENT_BYTES_MAX: usize = 256 * 1024 * 1024;
/// Records read at a time.
const PAGE: u32 = 1_000;

/// Reads a JSON file of a known shape.
///
/// # Errors
/// When it cannot be read or has another shape; `what` says what was expected.
pub fn json_file<T: DeserializeOwned>(path: &Path, what: &str) -> Result<T, Trouble> {
    let bytes = import::file(path, DOCUMENT_BYTES_MAX)?;
    serde_json::from_slice(&bytes).map_err(|e| shape(path, what, &e))
}

/// As [`json_file`], from the document itself or from the part of it with this key: a form is
/// found in an export as well.
///
/// # Errors
/// As [`json_file`].
pub fn json_file_or_part<T: DeserializeOwned>(
    path: &Path,
    part: &str,
    what: &str,
) -> Result<T, Trouble> {
    let bytes = import::file(path, DOCUMENT_BYTES_MAX)?;
    let mut value: serde_json::Value =
        serde_json::from_slice(&bytes).map_err(|e| shape(path, what, &e))?;
    if let Some(found) = value.get_mut(part) {
        value = found.take();
    }
    serde_json::from_value(value).map_err(|e| shape(path, what, &e))
}

fn shape(path: &Path, what: &str, error: &serde_json::Error) -> Trouble {
    Trouble::new(format!("{} is not {what}: {error}", path.display()))
        .remedy("give a file that nsk or an equal program wrote")
}

/// Reads an exam's export; `-` is standard input. Nothing of it is believed yet.
///
/// # Errors
/// When it cannot be read or is no export of this format.
pub fn read(path: &Path) -> Result<Export, Trouble> {
    let export: Export = json_file(path, "an exam's export")?;
    if export.format != FORMAT {
        let found: String = export.format.chars().take(40).collect();
        return Err(Trouble::new(format!("{} has the format `{found}`", path.display()))
            .remedy(format!("this program reads `{FORMAT}`: use one of the same version")));
    }
    Ok(export)
}

/// Puts an exam's export together from the store of an installation, which is only read.
///
/// # Errors
/// When the store cannot be read, there is no such exam, or it has not ended.
pub async fn exam(config: &Config, id: WireId) -> Result<Export, Trouble> {
    let dir = &config.store.data;
    let store = directory::look(&config.store).await?;
    let failed = |e: &StoreError| directory::store_trouble(dir, e);
    let stream = store.stream_by_wire(id).await.map_err(|e| failed(&e))?.ok_or_else(|| {
        Trouble::new(format!("there is no exam {id} in {}", dir.display()))
            .remedy("check the number and --data")
    })?;
    let mut records = Vec::new();
    loop {
        let after = records.last().map_or(0, |r: &Record| r.seq);
        let page = store.read_events(stream, after, PAGE).await.map_err(|e| failed(&e))?;
        let last = page.len() < PAGE as usize;
        records.extend(page);
        if last {
            break;
        }
    }
    let catalog = StoreCatalog::new(store.clone());
    let materials = materials(&records, &catalog).await?;
    Export::new(records, materials).map_err(|fault| {
        let trouble = Trouble::new(format!("exam {id} cannot be exported: {fault}"));
        match fault {
            ExportFault::NotEnded(_) => {
                trouble.remedy("wait until it has ended: its seed is sealed before that")
            }
            _ => trouble.remedy("restore the database from a copy; `nsk doctor` checks it"),
        }
    })
}

/// The tools that an exam's first record names.
async fn materials(records: &[Record], catalog: &dyn Catalog) -> Result<Materials, Trouble> {
    let broken = |what: String| {
        Trouble::new(what).remedy("restore the database from a copy; `nsk doctor` checks it")
    };
    let first = records.first().ok_or_else(|| broken("the exam has no records".to_owned()))?;
    let plan = Exam::plan_of(first).map_err(|e| broken(e.to_string()))?;
    let mut materials = Materials::default();
    if let Some(hash) = plan.tool {
        materials.tool = catalog.tool(hash).await.map_err(|e| broken(e.to_string()))?;
    }
    if let Some(hash) = plan.practice {
        materials.practice = catalog.practice(hash).await.map_err(|e| broken(e.to_string()))?;
    }
    Ok(materials)
}
