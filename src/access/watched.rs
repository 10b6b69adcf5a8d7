//! Files that are read again when they change: keys and certificates are renewed while the service runs.

use std::{
    error::Error,
    fs::File,
    io::{self, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use tokio::time::MissedTickBehavior;

/// How often files are looked at for a change.
const LOOK_EVERY: Duration = Duration::from_secs(2);

/// A file that could not be read, or is too large to be what it should be.
#[derive(Debug, thiserror::Error)]
#[error("cannot read {}", path.display())]
pub struct ReadError {
    /// Which.
    pub path: PathBuf,
    /// Why.
    pub source: io::Error,
}

/// Reads a file of at most so many bytes.
pub(super) fn read(path: &Path, bytes_max: u64) -> Result<Vec<u8>, ReadError> {
    let failed = |source| ReadError { path: path.to_owned(), source };
    let mut content = Vec::new();
    let file = File::open(path).map_err(failed)?;
    file.take(bytes_max + 1).read_to_end(&mut content).map_err(failed)?;
    if content.len() as u64 > bytes_max {
        let why = format!("it has more than {bytes_max} bytes");
        return Err(failed(io::Error::new(io::ErrorKind::InvalidData, why)));
    }
    Ok(content)
}

/// Has something read its files again whenever they change, as long as it is in use. Wrong files change nothing: the log says so, once.
pub fn follow<T, E>(
    what: &'static str,
    it: &Arc<T>,
    reload: impl Fn(&T) -> Result<bool, E> + Send + Sync + 'static,
) where
    T: Send + Sync + 'static,
    E: Error + Send + 'static,
{
    let (weak, reload) = (Arc::downgrade(it), Arc::new(reload));
    tokio::spawn(async move {
        let mut looks = tokio::time::interval(LOOK_EVERY);
        looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut said = String::new();
        loop {
            looks.tick().await;
            let Some(it) = weak.upgrade() else { return };
            let reload = reload.clone();
            let Ok(looked) = tokio::task::spawn_blocking(move || reload(&it)).await else { return };
            match looked {
                Ok(changed) => {
                    if changed {
                        tracing::info!(what, "read again, for it has changed");
                    }
                    said.clear();
                }
                Err(error) => {
                    let why = with_causes(&error);
                    if why != said {
                        tracing::error!(
                            what,
                            why,
                            "what has changed cannot be used; what was read before counts"
                        );
                    }
                    said = why;
                }
            }
        }
    });
}

fn with_causes(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(behind) = source {
        text.push_str(": ");
        text.push_str(&behind.to_string());
        source = behind.source();
    }
    text
}
