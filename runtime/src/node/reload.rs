//! A reload: certificates and what of `node.toml` may change while the daemon runs. What is wrong
//! changes nothing, and says why.

use super::daemon::Daemon;
use super::{check_identity, warn_before_expiry};
use crate::config::{self, NodeConfig};
use crate::tls::Credentials;
use std::path::Path;
use std::time::SystemTime;
use tokio::sync::{mpsc, oneshot};

/// What the client of a reload is told.
pub(super) type Answer = oneshot::Sender<Result<String, String>>;

/// What was read, for a client that waits.
pub(super) struct Fresh {
    read: Result<Box<Files>, String>,
    answer: Answer,
}

/// What the files say.
struct Files {
    config: NodeConfig,
    credentials: Credentials,
}

/// Reads all files; a slow disk keeps nobody from a round meanwhile.
fn read(path: &Path) -> Result<Box<Files>, String> {
    let config = config::load(path).map_err(|error| error.to_string())?;
    let credentials =
        Credentials::load(&config.tls, SystemTime::now()).map_err(|error| error.to_string())?;
    Ok(Box::new(Files { config, credentials }))
}

/// How files are read beside the rounds.
pub(super) struct Reloads {
    pub(super) runtime: tokio::runtime::Handle,
    pub(super) done: mpsc::Sender<Fresh>,
    /// Only one at a time, or an older one could win.
    pub(super) busy: bool,
}

impl Daemon {
    /// Begins to read the files.
    pub(super) fn begin_reload(&mut self, answer: Answer) {
        if std::mem::replace(&mut self.reloads.busy, true) {
            // The client may be gone.
            let _ = answer.send(Err("a reload is under way".to_owned()));
            return;
        }
        let (path, done) = (self.config.path.clone(), self.reloads.done.clone());
        self.reloads.runtime.spawn_blocking(move || {
            let read = crate::tasks::contain("a reload of", &path.display(), || read(&path));
            let read = read.unwrap_or_else(|| Err("an internal error".to_owned()));
            // Fails when the daemon has ended.
            let _ = done.blocking_send(Fresh { read, answer });
        });
    }

    /// Takes over what was read, if all of it is right.
    pub(super) fn finish_reload(&mut self, fresh: Fresh) {
        self.reloads.busy = false;
        let result = fresh.read.and_then(|files| self.take_over(files.config, files.credentials));
        let result = match result {
            Ok(message) => {
                tracing::info!("{message}");
                Ok(message)
            }
            Err(reason) => {
                tracing::error!("the reload changed nothing:\n{reason}");
                Err(format!("the reload changed nothing: {reason}"))
            }
        };
        let _ = fresh.answer.send(result);
    }

    fn take_over(&mut self, new: NodeConfig, credentials: Credentials) -> Result<String, String> {
        self.check_reload(&new, &credentials)?;
        let cut = self.core.transport.renew(&credentials).map_err(|error| error.to_string())?;
        let mut done = vec![format!(
            "reloaded: certificate {} until {}",
            credentials.certificate().serial,
            credentials.certificate().valid_until
        )];
        done.extend(cut.into_iter().map(|(peer, why)| format!("cut the link to {peer}: {why}")));
        if new.admin != self.config.admin {
            let shared = new.admin.is_shared();
            if let Err(error) = crate::admin::set_shared(&self.config.socket, shared) {
                done.push(format!("the socket's mode cannot be changed: {error}"));
            }
            self.access.send_replace(new.admin.clone());
            done.push("[admin] changed".to_owned());
        }
        if new.peers != self.config.peers {
            self.core.transport.set_peers(new.peers.clone());
            done.push(format!("{} peers", new.peers.len()));
        }
        if new.env != self.config.env {
            self.core.env.clone_from(&new.env);
            done.push("[env] changed".to_owned());
        }
        if new.position != self.config.position {
            self.core.position.clone_from(&new.position);
            done.push("position changed".to_owned());
        }
        let restart = needs_restart(&self.config, &new);
        if !restart.is_empty() {
            done.push(format!("after a restart only: {}", restart.join(", ")));
        }
        self.core.who = credentials.who().clone();
        self.certificates = super::Certificates::of(&credentials);
        warn_before_expiry(&self.certificates);
        let NodeConfig { peers, tls, position, admin, env, .. } = new;
        let old = &mut self.config;
        (old.peers, old.tls, old.position, old.admin, old.env) = (peers, tls, position, admin, env);
        Ok(done.join("; "))
    }

    fn check_reload(&self, new: &NodeConfig, credentials: &Credentials) -> Result<(), String> {
        let running = NodeConfig { path: new.path.clone(), ..self.config.clone() };
        check_identity(&running, credentials.who()).map_err(|error| error.to_string())?;
        if credentials.who().cluster != self.core.who.cluster {
            let (theirs, ours) = (&credentials.who().cluster, &self.core.who.cluster);
            return Err(format!(
                "the certificate is of cluster `{theirs}`, this daemon runs in `{ours}`; restart it \
                 to move it"
            ));
        }
        match (self.certificates.revocations, credentials.revocations()) {
            (Some(_), None) => Err("`revoked` was taken out of `tls`: whoever was revoked could \
                                    come back; restart the daemon if that is meant"
                .to_owned()),
            (Some((old, _)), Some((new, _))) if new < old => Err(format!(
                "the revocation list {new} is older than {old}, which is in use; copy the newest \
                 `revoked.pem` from the authority's folder"
            )),
            _ => Ok(()),
        }
    }
}

/// The keys that differ and are read at the start only.
fn needs_restart(old: &NodeConfig, new: &NodeConfig) -> Vec<&'static str> {
    let differs = [
        ("rounds.every", old.period != new.period),
        ("rounds.stale_after", old.stale_after != new.stale_after),
        ("node.name", old.name != new.name),
        ("node.cluster", old.cluster != new.cluster),
        ("node.listen", old.listen != new.listen),
        ("node.state_dir", old.state_dir != new.state_dir),
        ("node.socket", old.socket != new.socket),
        ("service", old.services != new.services),
    ];
    differs.into_iter().filter_map(|(key, differs)| differs.then_some(key)).collect()
}
