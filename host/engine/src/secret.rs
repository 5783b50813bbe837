//! The secret of an organisation: by it, something is made of values from which nobody can tell the values again, nor
//! guess what would be made of others. A file gets it when it is made, or first opened by a version that asks for it.

use std::sync::Arc;

use hmac::{Hmac, Mac as _};
use sha2::Sha256;
use sluice_model::{Error, Result, Timestamp, Uuid};
use sluice_store::{End, Tx};

use crate::{Session, engine::Core};

/// The secret of an organisation.
pub struct Secret {
    key: [u8; 32],
    since: Timestamp,
}

impl std::fmt::Debug for Secret {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Secret")
    }
}

impl Secret {
    fn read(tx: &mut Tx) -> Result<Option<Self>> {
        let Some((key, since)) = tx.secret()? else {
            return Ok(None);
        };
        // Rows know when they were made to the second.
        let since = Timestamp::from_second(since.div_euclid(1_000)).map_err(|error| Error::host(error.to_string()))?;
        Ok(Some(Self { key, since }))
    }

    /// What it makes of some bytes.
    ///
    /// # Errors
    /// None that is known.
    pub fn digest(&self, bytes: &[u8]) -> Result<[u8; 32]> {
        let mac = Hmac::<Sha256>::new_from_slice(&self.key).map_err(|error| Error::host(error.to_string()))?;
        Ok(mac.chain_update(bytes).finalize().into_bytes().into())
    }

    /// Since when the organisation has it.
    pub fn since(&self) -> Timestamp {
        self.since
    }
}

/// Gives a file a secret, where it has none.
pub(crate) fn make(core: &Core, tx: &mut Tx) -> Result<()> {
    if tx.secret()?.is_some() {
        return Ok(());
    }
    let mut key = [0; 32];
    core.env.random(&mut key);
    tx.set_secret(&key, core.env.now().as_millisecond())
}

/// Gives a file that is opened a secret, unless it has one, is a backup that is only looked at, or cannot be written now.
pub(crate) fn make_in_opened(core: &Arc<Core>) {
    let made = core.store().and_then(|store| {
        let is_there = store.read(|mut tx| {
            let secret = tx.secret();
            (tx, secret)
        })??;
        if is_there.is_some() || store.is_sealed() {
            return Ok(());
        }
        store.write_if_free(&mut |mut tx| {
            let made = make(core, &mut tx);
            (tx, end(made))
        })?
    });
    if let Err(error) = made {
        tracing::debug!(%error, "the organisation gets its secret another time");
    }
}

fn end<T>(made: Result<T>) -> End<Result<T>> {
    End {
        keep: made.is_ok(),
        value: made,
        beside: Vec::new(),
    }
}

impl Session {
    /// The secret of the organisation, which is made where there is none. For the platform's own work: nothing of it
    /// goes to anybody.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn secret(&self) -> Result<Secret> {
        let core = &self.engine.core;
        let store = core.store()?;
        let there = store.read(|mut tx| {
            let secret = Secret::read(&mut tx);
            (tx, secret)
        })??;
        if let Some(secret) = there {
            return Ok(secret);
        }
        let made = store.write(&mut |mut tx| {
            let made = make(core, &mut tx).and_then(|()| Secret::read(&mut tx));
            (tx, end(made))
        })??;
        made.ok_or_else(|| Error::host("the secret of the organisation was not kept"))
    }

    /// Those who have imported something, the acting user among them: noted here. For the platform's own work.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn importers(&self) -> Result<Vec<Uuid>> {
        let (store, user) = (self.engine.core.store()?, self.user());
        let there = store.read(|mut tx| {
            let there = tx.importers();
            (tx, there)
        })??;
        if there.contains(&user) {
            return Ok(there);
        }
        store.write(&mut |mut tx| {
            let noted = tx.add_importer(user).and_then(|()| tx.importers());
            (tx, end(noted))
        })?
    }
}
