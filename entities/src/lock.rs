//! One process per data directory: an operating-system lock on `nsk.lock`, which ends with the
//! process however it ends. The number in the file is for people; the lock is what counts.

use crate::error::StoreError;
use std::fs::{File, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

const FILE_NAME: &str = "nsk.lock";

/// The right to write in a directory, held until dropped.
#[derive(Debug)]
pub struct DirectoryLock {
    dir: PathBuf,
    /// Closing it releases the lock.
    _file: File,
}

impl DirectoryLock {
    /// Takes the lock of a directory at once or not at all.
    ///
    /// # Errors
    /// [`StoreError::Locked`] when another process (or store) has it, [`StoreError::Unusable`]
    /// when the directory is absent or not writable.
    pub fn take(dir: &Path) -> Result<DirectoryLock, StoreError> {
        let path = dir.join(FILE_NAME);
        let unusable =
            |e: std::io::Error| StoreError::Unusable { path: path.clone(), reason: e.to_string() };
        let mut file = File::options()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .open(&path)
            .map_err(unusable)?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => {
                let mut text = String::new();
                let pid =
                    file.read_to_string(&mut text).ok().and_then(|_| text.trim().parse().ok());
                return Err(StoreError::Locked { dir: dir.to_owned(), pid });
            }
            Err(TryLockError::Error(e)) => return Err(unusable(e)),
        }
        // A full disk must not keep the program from starting: the number is only a courtesy.
        let written = file
            .set_len(0)
            .and_then(|()| file.rewind())
            .and_then(|()| writeln!(file, "{}", std::process::id()));
        if let Err(error) = written {
            tracing::warn!(%error, path = %path.display(), "process number not noted in the lock file");
        }
        Ok(DirectoryLock { dir: dir.to_owned(), _file: file })
    }

    /// The locked directory.
    pub fn dir(&self) -> &Path {
        &self.dir
    }
}
