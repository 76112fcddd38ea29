//! The live view of `fieldrun sim --open`: a page that this process serves to a browser on the same
//! machine.
//!
//! `worker` owns the run, on a thread of its own; `api` turns requests into questions to it; `gate`
//! decides who may ask at all; `server` moves bytes; `page` is what the browser is given.

mod api;
mod browser;
mod gate;
mod page;
mod server;
mod worker;

use crate::output::{self, Failure, Outcome};
use fieldrun_sim::Scenario;
use fieldrun_sim::live::{Session, Text};
use fieldrun_stdlib::Loaded;
use std::process::ExitCode;
use std::sync::Arc;
use tokio::net::TcpListener;

/// What the page and its worker know of each other.
pub(crate) struct Live {
    gate: gate::Gate,
    worker: worker::Handle,
}

/// Serves the page until somebody ends the process.
pub(crate) fn open(scenario: &Scenario, loaded: &Loaded, port: u16) -> Outcome {
    let name = scenario.program.display().to_string();
    let text = std::fs::read_to_string(&scenario.program)
        .map_err(|error| Failure::usage(format!("cannot read {name}: {error}")))?;
    let session = Session::new(scenario, &loaded.program, Text { name, text });
    let session = session.map_err(Failure::usage)?;
    let worker = worker::start(session).map_err(Failure::failed)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .map_err(Failure::failed)?;
    runtime.block_on(async {
        let listener = TcpListener::bind(("127.0.0.1", port)).await.map_err(|error| {
            Failure::usage(format!("cannot listen on port {port}: {error}; choose another --port"))
        })?;
        let port = listener.local_addr().map_err(Failure::failed)?.port();
        let gate = gate::Gate::new(port).map_err(Failure::failed)?;
        let url = gate.url();
        output::line(&url)?;
        let seen =
            if browser::open(&url) { "the page opens in your browser" } else { "open this page" };
        output::say(&format!("{seen}; Ctrl-C ends it"));
        server::serve(listener, Arc::new(Live { gate, worker })).await;
        Ok(ExitCode::SUCCESS)
    })
}
