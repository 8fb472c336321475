//! Assessment tools as imported, addressed by the hash of their content and never changed.

use crate::error::StoreError;
use crate::sql::{rows, signed, sql, unsigned};
use crate::store::Store;
use engine::{Hash, Moment};
use sea_orm::{ConnectionTrait, QueryResult, Value};

/// Tools that one list returns at most, the latest import first.
pub const MATERIALS_MAX: u32 = 1_000;

const HEAD_COLUMNS: &str = "hash, kind, ref_id, skill_id, title, version, imported_at";

/// Which part of an exam a tool serves.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum MaterialKind {
    /// A bank of theory questions (оценочное средство).
    Theory,
    /// Practice tasks and criteria.
    Practice,
}

impl MaterialKind {
    fn name(self) -> &'static str {
        match self {
            MaterialKind::Theory => "theory",
            MaterialKind::Practice => "practice",
        }
    }

    fn parse(name: &str) -> Result<MaterialKind, StoreError> {
        match name {
            "theory" => Ok(MaterialKind::Theory),
            "practice" => Ok(MaterialKind::Practice),
            other => Err(StoreError::Corrupt(format!("material of kind {other}"))),
        }
    }
}

/// What lists show of a tool.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MaterialHead {
    /// The hash of the content, by the caller's rule; the tool's name for ever.
    pub hash: Hash,
    /// What it serves.
    pub kind: MaterialKind,
    /// The number by which its maker knows it; several versions share it.
    pub ref_id: u64,
    /// The qualification it is for.
    pub skill_id: Option<u64>,
    /// What to call it.
    pub title: String,
    /// Its maker's version.
    pub version: u64,
    /// When it came here first.
    pub imported_at: Moment,
}

/// A tool with its content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Material {
    /// All but the content.
    pub head: MaterialHead,
    /// The content, as given; its form is the caller's.
    pub body: String,
}

impl Store {
    /// Keeps a tool; `false` when it was there already (and then nothing changes).
    ///
    /// # Errors
    /// As any write.
    pub async fn put_material(&self, material: &Material) -> Result<bool, StoreError> {
        let text = format!(
            "INSERT INTO material ({HEAD_COLUMNS}, body) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) \
             ON CONFLICT (hash) DO NOTHING"
        );
        let head = &material.head;
        let values = [
            head.hash.0.to_vec().into(),
            head.kind.name().into(),
            signed(head.ref_id).into(),
            Value::BigInt(head.skill_id.map(signed)),
            head.title.as_str().into(),
            signed(head.version).into(),
            head.imported_at.0.into(),
            material.body.as_str().into(),
        ];
        Ok(self.writer.execute_raw(sql(text, values)).await?.rows_affected() == 1)
    }

    /// The tool with a hash.
    ///
    /// # Errors
    /// As any read.
    pub async fn get_material(&self, hash: Hash) -> Result<Option<Material>, StoreError> {
        let text = format!("SELECT {HEAD_COLUMNS}, body FROM material WHERE hash = $1");
        let row = self.readers.query_one_raw(sql(text, [hash.0.to_vec().into()])).await?;
        row.map(|row| Ok(Material { head: decode(&row)?, body: row.try_get_by_index(7)? }))
            .transpose()
    }

    /// The tools for a qualification, the latest import first, at most [`MATERIALS_MAX`].
    ///
    /// # Errors
    /// As any read.
    pub async fn materials_for(&self, skill_id: u64) -> Result<Vec<MaterialHead>, StoreError> {
        let text = format!(
            "SELECT {HEAD_COLUMNS} FROM material WHERE skill_id = $1 \
             ORDER BY imported_at DESC, hash LIMIT $2"
        );
        let values = [signed(skill_id).into(), i64::from(MATERIALS_MAX).into()];
        rows(&self.readers, sql(text, values), decode).await
    }

    /// All tools, the latest import first, at most [`MATERIALS_MAX`].
    ///
    /// # Errors
    /// As any read.
    pub async fn materials(&self) -> Result<Vec<MaterialHead>, StoreError> {
        let text =
            format!("SELECT {HEAD_COLUMNS} FROM material ORDER BY imported_at DESC, hash LIMIT $1");
        rows(&self.readers, sql(text, [i64::from(MATERIALS_MAX).into()]), decode).await
    }
}

fn decode(row: &QueryResult) -> Result<MaterialHead, StoreError> {
    let hash: Vec<u8> = row.try_get_by_index(0)?;
    let hash = hash.try_into().map_err(|_| StoreError::Corrupt(String::from("material hash")))?;
    let skill_id: Option<i64> = row.try_get_by_index(3)?;
    Ok(MaterialHead {
        hash: Hash(hash),
        kind: MaterialKind::parse(&row.try_get_by_index::<String>(1)?)?,
        ref_id: unsigned(row.try_get_by_index(2)?, "a material's number")?,
        skill_id: skill_id.map(|n| unsigned(n, "a qualification's number")).transpose()?,
        title: row.try_get_by_index(4)?,
        version: unsigned(row.try_get_by_index(5)?, "a material's version")?,
        imported_at: Moment(row.try_get_by_index(6)?),
    })
}
