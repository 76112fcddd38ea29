//! The operator's commands to services of this node.

use super::drain::Drains;
use crate::admin::Request;
use fieldrun_device::Micros;
use fieldrun_glue::{Command, Origin, Outcome, Services};
use std::collections::BTreeMap;

/// Carries out a command; `elsewhere` says which node manages which service, as far as known.
pub(super) fn command(
    services: &Services,
    request: &Request,
    elsewhere: &BTreeMap<String, String>,
    (drains, now): (&mut Drains, Micros),
) -> Result<String, String> {
    let (id, command, verb) = match request {
        Request::Start { service } => (service, Command::Start, "start"),
        Request::Stop { service } => (service, drains.command(), "stop"),
        Request::Restart { service } => (service, Command::Restart, "restart"),
        Request::Reset { service } => (service, Command::Reset, "reset"),
        Request::Status | Request::Watch | Request::Reload | Request::Shutdown { .. } => {
            return Err("no command for a service".to_owned());
        }
    };
    let Some(service) = services.get(id) else {
        return Err(unknown(services, id, elsewhere));
    };
    match service.command(Origin::Operator, command) {
        Ok(ticket) => Ok(match ticket.outcome() {
            Outcome::Accepted if command == Command::Drain => {
                drains.begun(now, id);
                format!("{id}: {verb} accepted; what needs it stops first")
            }
            Outcome::Accepted => format!("{id}: {verb} accepted"),
            Outcome::Unchanged => format!("{id}: nothing to do"),
        }),
        Err(refusal) => Err(format!("{id}: {refusal}")),
    }
}

fn unknown(services: &Services, id: &str, elsewhere: &BTreeMap<String, String>) -> String {
    if let Some(node) = elsewhere.get(id) {
        return format!("service `{id}` is managed by node {node}; use that node's socket");
    }
    let known: Vec<&str> = services.handles().iter().map(|service| service.id()).collect();
    let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
    format!("no service `{id}` is known here; this node manages: {known}")
}
