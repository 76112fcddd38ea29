//! Asking another service.

use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// No line of the protocol is longer, in either direction.
pub(crate) const MAX_LINE: u64 = 512;

/// Sends one line to a service and returns the line that it answers.
///
/// # Errors
/// Says in one line what went wrong: no connection, no answer in time, or half an answer.
pub async fn ask(address: &str, line: &str, patience: Duration) -> Result<String, String> {
    let exchange = async {
        let mut stream = TcpStream::connect(address).await?;
        stream.write_all(format!("{line}\n").as_bytes()).await?;
        let mut answer = Vec::new();
        let mut limited = stream.take(MAX_LINE);
        while !answer.ends_with(b"\n") && limited.read_buf(&mut answer).await? > 0 {}
        Ok::<_, std::io::Error>(answer)
    };
    let answer = match timeout(patience, exchange).await {
        Err(_) => return Err(format!("{address} does not answer within {patience:?}")),
        Ok(Err(error)) => return Err(format!("{address}: {error}")),
        Ok(Ok(answer)) => answer,
    };
    match String::from_utf8_lossy(&answer).strip_suffix('\n') {
        Some(line) => Ok(line.to_owned()),
        None => Err(format!("{address} ended in the middle of its answer")),
    }
}

/// Queries all services side by side.
///
/// # Errors
/// What the first that failed said, in the order given.
pub(crate) async fn query_all(peers: &[String], budget: Duration) -> Result<(), String> {
    // Each leaves a part of its time to those that it asks itself, so that the one closest to a
    // failure is the one that tells of it.
    let line = format!("query {}", (budget * 4 / 5).as_millis());
    let mut asked = Vec::with_capacity(peers.len());
    for peer in peers {
        let (peer, line) = (peer.clone(), line.clone());
        asked.push(tokio::spawn(async move {
            let answer = ask(&peer, &line, budget).await?;
            if answer.starts_with("answer ") { Ok(()) } else { Err(format!("{peer}: {answer}")) }
        }));
    }
    let mut result = Ok(());
    for task in asked {
        // A task that cannot be joined has panicked, which counts as a failure.
        let answer = task.await.unwrap_or_else(|error| Err(error.to_string()));
        result = result.and(answer);
    }
    result
}
