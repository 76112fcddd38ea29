//! Asking a service how it is, once: every way is limited in time and in bytes.

use std::process::Stdio;
use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::process::Command;

use crate::spec::Check;

/// No more of an answer is read.
const MAX_ANSWER: usize = 1024;
/// No more of an answer is shown.
const MAX_SHOWN: usize = 120;

/// Does the check; what takes longer than `timeout` has failed.
///
/// # Errors
/// Says what was expected and what came.
pub(crate) async fn check(check: &Check, timeout: Duration) -> Result<(), String> {
    let work = async {
        match check {
            Check::Exec(words) => exec(words).await,
            Check::Tcp(address) => connect(address).await.map(drop),
            Check::Http { address, path } => http(address, path).await,
            Check::Query { address, send, expect } => query(address, send, expect).await,
        }
    };
    match tokio::time::timeout(timeout, work).await {
        Ok(result) => result,
        Err(_) => Err(format!("no answer within {timeout:?} from {}", name(check))),
    }
}

fn name(check: &Check) -> &str {
    match check {
        Check::Exec(words) => words.first().map_or("", String::as_str),
        Check::Tcp(address) | Check::Http { address, .. } | Check::Query { address, .. } => address,
    }
}

async fn connect(address: &str) -> Result<TcpStream, String> {
    TcpStream::connect(address)
        .await
        .map_err(|error| format!("cannot connect to {address}: {error}"))
}

async fn http(address: &str, path: &str) -> Result<(), String> {
    let mut stream = connect(address).await?;
    let request = format!(
        "GET {path} HTTP/1.1\r\nHost: {address}\r\nUser-Agent: fieldrun\r\nAccept: */*\r\n\
         Connection: close\r\n\r\n"
    );
    let line = ask(&mut stream, address, &request).await?;
    let mut words = line.split(' ');
    let version = words.next().is_some_and(|word| word.starts_with("HTTP/1."));
    let code = words.next().and_then(|word| word.parse::<u16>().ok()).filter(|_| version);
    match code {
        Some(200..=399) => Ok(()),
        Some(code) => Err(format!("http://{address}{path} answers with status {code}")),
        None => Err(format!("{address} does not speak HTTP: `{}`", shown(&line))),
    }
}

async fn query(address: &str, send: &str, expect: &str) -> Result<(), String> {
    let mut stream = connect(address).await?;
    let line = ask(&mut stream, address, &format!("{send}\n")).await?;
    if line.starts_with(expect) {
        return Ok(());
    }
    Err(format!("{address} answers `{send}` with `{}`, not with `{expect}`", shown(&line)))
}

/// Sends the request and reads the first line of the answer, without its end.
async fn ask(stream: &mut TcpStream, address: &str, request: &str) -> Result<String, String> {
    let lost = |error| format!("the connection to {address} broke: {error}");
    stream.write_all(request.as_bytes()).await.map_err(lost)?;
    let mut answer = Vec::with_capacity(256);
    let mut limited = stream.take(MAX_ANSWER as u64);
    while !answer.contains(&b'\n') {
        if limited.read_buf(&mut answer).await.map_err(lost)? == 0 {
            break;
        }
    }
    match answer.iter().position(|byte| *byte == b'\n') {
        Some(end) => {
            answer.truncate(end);
            Ok(String::from_utf8_lossy(&answer).trim_end_matches('\r').to_owned())
        }
        None if answer.is_empty() => Err(format!("{address} closed without an answer")),
        None => Err(format!("{address} answered without an end of line")),
    }
}

fn shown(text: &str) -> String {
    let cut = text.char_indices().nth(MAX_SHOWN).map_or(text.len(), |(at, _)| at);
    text.get(..cut).unwrap_or_default().escape_debug().to_string()
}

/// Ends the whole group of a command that is no longer waited for.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            let _ = kill_process_group(group, Signal::KILL);
        }
    }
}

/// Runs a command to its end; dropping the future kills it with all that it has started.
///
/// # Errors
/// When it cannot be started or ends with a code other than 0, with the beginning of what it
/// wrote to its standard error.
pub(crate) async fn exec(words: &[String]) -> Result<(), String> {
    let Some((program, args)) = words.split_first() else {
        return Err("there is no command".to_owned());
    };
    let mut command = Command::new(program);
    command.args(args).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
    command.process_group(0).kill_on_drop(true);
    let mut child = command.spawn().map_err(|e| format!("cannot start `{program}`: {e}"))?;
    let pid = child.id().and_then(|pid| i32::try_from(pid).ok()).and_then(Pid::from_raw);
    let mut group = Group(pid);
    let errors = child.stderr.take();
    let (status, words) = tokio::join!(child.wait(), beginning(errors));
    // Its number may pass to another process from now on.
    group.0 = None;
    match status {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`{program}` ended with {status}: {}", shown(words.trim()))),
        Err(error) => Err(format!("cannot wait for `{program}`: {error}")),
    }
}

/// Reads to the end and keeps the beginning.
async fn beginning(stream: Option<impl AsyncRead + Unpin>) -> String {
    let Some(mut stream) = stream else { return String::new() };
    let mut kept = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(count @ 1..) = stream.read(&mut buffer).await {
        let room = MAX_ANSWER.saturating_sub(kept.len());
        kept.extend(buffer.iter().take(count.min(room)));
    }
    String::from_utf8_lossy(&kept).into_owned()
}

#[cfg(test)]
mod tests;
