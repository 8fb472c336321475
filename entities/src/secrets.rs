//! Keys that the station made for itself. They are as secret as the database file.

use crate::error::StoreError;
use crate::sql::{scalar, sql};
use crate::store::Store;
use sea_orm::ConnectionTrait;

impl Store {
    /// The secret of a name; `fresh` is kept and returned if there is none yet. Never log it.
    ///
    /// # Errors
    /// As any write.
    pub async fn secret_get_or_put(&self, name: &str, fresh: &[u8]) -> Result<Vec<u8>, StoreError> {
        let get = "SELECT value FROM secret WHERE name = $1";
        if let Some(value) = scalar(&self.readers, sql(get, [name.into()])).await? {
            return Ok(value);
        }
        let put = "INSERT INTO secret (name, value) VALUES ($1, $2) ON CONFLICT (name) DO NOTHING";
        self.writer.execute_raw(sql(put, [name.into(), fresh.to_vec().into()])).await?;
        scalar(&self.writer, sql(get, [name.into()]))
            .await?
            .ok_or_else(|| StoreError::Corrupt(format!("the secret {name} did not stay")))
    }
}
