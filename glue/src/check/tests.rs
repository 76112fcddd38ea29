//! Every kind of check against real processes and sockets.

use tokio::net::TcpListener;

use super::*;

const SHORT: Duration = Duration::from_millis(300);

/// Answers each connection with this text, whatever is asked, and keeps it open.
async fn server(answer: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move {
        let mut open = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            stream.write_all(answer.as_bytes()).await.unwrap();
            open.push(stream);
        }
    });
    address
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

async fn run(what: Check) -> String {
    match check(&what, SHORT).await {
        Ok(()) => "ok".to_owned(),
        Err(error) => error,
    }
}

#[tokio::test]
async fn http() {
    let get = |address: String| Check::Http { address, path: "/ready".into() };
    for (answer, expected) in [
        ("HTTP/1.1 200 OK\r\n\r\n", "ok"),
        ("HTTP/1.0 302 Found\r\n\r\n", "ok"),
        ("HTTP/1.1 503 Service Unavailable\r\n", "answers with status 503"),
        ("SSH-2.0-OpenSSH\r\n", "does not speak HTTP"),
        ("HTTP/1.1 huge OK\r\n", "does not speak HTTP"),
        ("", "no answer within"),
        ("half a line", "no answer within"),
    ] {
        let result = run(get(server(answer).await)).await;
        assert!(result.contains(expected), "{answer:?}: {result}");
    }
}

#[tokio::test]
async fn query() {
    let ask =
        |address: String| Check::Query { address, send: "health".into(), expect: "ok".into() };
    for (answer, expected) in [
        ("ok db\n", "ok"),
        ("starting\r\n", "with `starting`, not with `ok`"),
        ("", "no answer within"),
    ] {
        let result = run(ask(server(answer).await)).await;
        assert!(result.contains(expected), "{answer:?}: {result}");
    }
    let flood = Box::leak("x".repeat(100_000).into_boxed_str());
    let result = run(ask(server(flood).await)).await;
    assert!(result.contains("without an end of line"), "{result}");
}

#[tokio::test]
async fn tcp() {
    assert_eq!(run(Check::Tcp(server("").await)).await, "ok");
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let result = run(Check::Tcp(closed.to_string())).await;
    assert!(result.contains("cannot connect"), "{result}");
}

#[tokio::test]
async fn exec() {
    assert_eq!(run(Check::Exec(words(&["true"]))).await, "ok");
    let failing = words(&["sh", "-c", "echo broken pipe dream >&2; exit 3"]);
    let result = run(Check::Exec(failing)).await;
    assert!(result.contains("3") && result.contains("broken pipe dream"), "{result}");
    let result = run(Check::Exec(words(&["no-such-program"]))).await;
    assert!(result.contains("cannot start"), "{result}");
    let flood = words(&["sh", "-c", "yes >&2"]);
    assert!(run(Check::Exec(flood)).await.contains("no answer within"));
}

#[tokio::test]
async fn a_check_that_takes_too_long_is_killed_with_its_children() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let script = format!("sleep 60 & echo $! > {}; wait", file.display());
    let result = run(Check::Exec(words(&["sh", "-c", &script]))).await;
    assert!(result.contains("no answer within"), "{result}");
    let pid = std::fs::read_to_string(&file).unwrap().trim().parse::<i32>().unwrap();
    for _ in 0..100 {
        match crate::process::ProcessId::of(pid).filter(|id| id.lives()) {
            None => return,
            Some(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
    panic!("process {pid} outlived its check");
}
