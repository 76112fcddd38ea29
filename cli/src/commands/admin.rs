//! Commands to a running daemon, over its Unix socket.

use super::block_on;
use crate::args::{NodeArgs, ServiceArgs, ShutdownArgs, StatusArgs};
use crate::output::{self, Failure, Outcome};
use fieldrun_runtime::admin::{AdminError, Client, Request};
use fieldrun_runtime::{config, view};
use std::path::PathBuf;
use std::process::ExitCode;

/// The socket, from the flag, the environment or the node's configuration.
fn socket(args: &NodeArgs) -> Result<PathBuf, Failure> {
    match (&args.socket, &args.config) {
        (Some(socket), _) => Ok(socket.clone()),
        (None, Some(path)) => Ok(config::load(path).map_err(Failure::usage)?.socket),
        (None, None) => Err(Failure::usage(
            "which node? name its configuration with `-c node.toml`, or its socket with `--socket` or FIELDRUN_SOCKET",
        )),
    }
}

async fn connect(socket: &std::path::Path) -> Result<Client, Failure> {
    Client::connect(socket).await.map_err(failed)
}

fn failed(error: AdminError) -> Failure {
    Failure::failed(error)
}

pub(crate) fn status(args: &StatusArgs) -> Outcome {
    let socket = socket(&args.node)?;
    let report = block_on(async { connect(&socket).await?.status().await.map_err(failed) })??;
    if args.json {
        output::line(&serde_json::to_string_pretty(&report).map_err(Failure::failed)?)?;
    } else {
        output::text(&view::table(&report))?;
    }
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn watch(args: &StatusArgs) -> Outcome {
    let socket = socket(&args.node)?;
    block_on(async {
        let mut watch = connect(&socket).await?.watch().await.map_err(failed)?;
        loop {
            let event = watch.next().await.map_err(failed)?;
            if args.json {
                output::line(&serde_json::to_string(&event).map_err(Failure::failed)?)?;
            } else {
                output::line(&view::event_line(&event))?;
            }
        }
    })?
}

fn command(node: &NodeArgs, request: &Request) -> Outcome {
    let socket = socket(node)?;
    let answer =
        block_on(async { connect(&socket).await?.command(request).await.map_err(failed) })??;
    output::line(&answer)?;
    Ok(ExitCode::SUCCESS)
}

pub(crate) fn start(args: ServiceArgs) -> Outcome {
    command(&args.node, &Request::Start { service: args.service })
}

pub(crate) fn stop(args: ServiceArgs) -> Outcome {
    command(&args.node, &Request::Stop { service: args.service })
}

pub(crate) fn restart(args: ServiceArgs) -> Outcome {
    command(&args.node, &Request::Restart { service: args.service })
}

pub(crate) fn reset(args: ServiceArgs) -> Outcome {
    command(&args.node, &Request::Reset { service: args.service })
}

pub(crate) fn reload(args: &NodeArgs) -> Outcome {
    command(args, &Request::Reload)
}

pub(crate) fn shutdown(args: &ShutdownArgs) -> Outcome {
    command(&args.node, &Request::Shutdown { stop_services: args.stop_services })
}
