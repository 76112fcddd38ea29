//! The query-response service as a process, alone and under management.

#![expect(clippy::unwrap_used, reason = "a helper of a test may say what it expects")]

use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use fieldrun_examples::qr::ask;
use fieldrun_glue::{self as glue, Origin, ServiceHandle, ServiceSpec, Services, Status};

const PATIENCE: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(400);
const SERVICE: &str = env!("CARGO_BIN_EXE_qr-service");

/// Killed at the end of its test.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn free_address() -> String {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string()
}

fn start(address: &str, id: &str, options: &[&str]) -> Process {
    let mut command = Command::new(SERVICE);
    command.args(["--listen", address, "--id", id]).args(options).stderr(Stdio::null());
    Process(command.spawn().unwrap())
}

/// Asks until the answer is this one.
async fn answers(address: &str, line: &str, expected: &str) {
    let begun = Instant::now();
    loop {
        let answer = ask(address, line, SHORT).await;
        if answer.as_deref() == Ok(expected) {
            return;
        }
        assert!(begun.elapsed() < PATIENCE, "{line}: {answer:?}, not {expected}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn it_answers_after_its_dependencies_and_not_before_its_start() {
    let [db, shop] = [free_address(), free_address()];
    let begun = Instant::now();
    let mut db_process = start(&db, "db", &["--start-delay", "600ms"]);
    let _shop = start(&shop, "shop", &["--query", &db]);
    answers(&shop, "health", "ok shop").await;
    if begun.elapsed() < Duration::from_millis(500) {
        let early = ask(&shop, "query 300", SHORT).await.unwrap();
        assert!(early.starts_with("error shop: "), "{early}");
    }
    answers(&shop, "query 300", "answer shop").await;
    assert!(begun.elapsed() >= Duration::from_millis(600));

    assert_eq!(ask(&db, "hang", SHORT).await.as_deref(), Ok("ok db"));
    let silent = ask(&db, "health", SHORT).await.unwrap_err();
    assert!(silent.contains("does not answer"), "{silent}");
    let failed = ask(&shop, "query 300", SHORT).await.unwrap();
    assert!(failed.contains("does not answer"), "{failed}");
    answers(&shop, "health", "ok shop").await;
    assert!(db_process.0.try_wait().unwrap().is_none(), "hung, not dead");
}

#[tokio::test]
async fn it_hangs_when_its_own_queries_keep_failing() {
    let [db, shop] = [free_address(), free_address()];
    let options = ["--query", &db, "--query-interval", "50ms", "--give-up", "3"];
    let _shop = start(&shop, "shop", &options);
    answers(&shop, "health", "ok shop").await;
    let begun = Instant::now();
    while ask(&shop, "health", SHORT).await.is_ok() {
        assert!(begun.elapsed() < PATIENCE, "it never gives up");
    }
}

#[tokio::test]
async fn faults_are_commanded_through_the_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("fault");
    let path = file.to_str().unwrap();
    let address = free_address();
    let first = start(&address, "db", &["--fault-file", path]);
    answers(&address, "health", "ok db").await;
    std::fs::write(&file, "hang\n").unwrap();
    let begun = Instant::now();
    while ask(&address, "health", SHORT).await.is_ok() {
        assert!(begun.elapsed() < PATIENCE, "it never hangs");
    }
    std::fs::remove_file(&file).unwrap();
    let still = ask(&address, "health", SHORT).await;
    assert!(still.is_err(), "what hangs goes on hanging: {still:?}");
    drop(first);

    std::fs::write(&file, "hang").unwrap();
    let mut second = start(&address, "db", &["--fault-file", path]);
    tokio::time::sleep(Duration::from_millis(200)).await;
    let refused = ask(&address, "health", SHORT).await.unwrap_err();
    assert!(refused.contains("refused"), "{refused}");
    std::fs::remove_file(&file).unwrap();
    answers(&address, "health", "ok db").await;
    std::fs::write(&file, "crash").unwrap();
    assert_eq!(second.0.wait().unwrap().code(), Some(1));
}

#[tokio::test]
async fn bad_lines_and_many_connections_do_no_harm() {
    let address = free_address();
    let _service = start(&address, "db", &[]);
    answers(&address, "health", "ok db").await;
    answers(
        &address,
        "frobnicate",
        "error db: say `health`, `query BUDGET`, `hang`, `crash` or `slow MILLIS`",
    )
    .await;
    let long = "x".repeat(100_000);
    assert!(ask(&address, &long, SHORT).await.is_err());
    let held: Vec<_> = (0..100).map(|_| std::net::TcpStream::connect(&address).unwrap()).collect();
    drop(held);
    answers(&address, "health", "ok db").await;
}

#[tokio::test]
async fn it_ends_with_the_process_that_it_is_for() {
    let address = free_address();
    let mut other = Process(Command::new("sleep").arg("600").spawn().unwrap());
    let mut service = start(&address, "db", &["--while", &other.0.id().to_string()]);
    answers(&address, "health", "ok db").await;
    other.0.kill().unwrap();
    other.0.wait().unwrap();
    assert_eq!(service.0.wait().unwrap().code(), Some(1));
}

#[test]
fn a_wrong_command_line_is_explained() {
    let output = Command::new(SERVICE).args(["--listen", "127.0.0.1:0"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("`--id` is missing") && message.contains("usage:"), "{message}");
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let output = Command::new(SERVICE).args(["--listen", &address, "--id", "a"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8(output.stderr).unwrap().contains("cannot listen on"));
}

/// A query-response service under management, probed by its own protocol.
async fn managed(folder: &Path, address: &str, fault: &Path) -> (Services, ServiceHandle) {
    let text = format!(
        "id = 'db'\nexec = ['{SERVICE}', '--id', 'db', '--listen', '{address}', \
         '--start-delay', '200ms', '--fault-file', '{}']\n\
         ready = {{ query = '{address}' }}\n\
         alive = {{ query = '{address}', interval = '100ms', timeout = '200ms' }}",
        fault.display()
    );
    let spec: ServiceSpec = toml::from_str(&text).unwrap();
    let services = Services::start(vec![spec], folder).await.unwrap();
    let handle = services.get("db").unwrap().clone();
    (services, handle)
}

#[tokio::test]
async fn under_management_it_is_found_hung_and_restarted() {
    let folder = tempfile::tempdir().unwrap();
    let fault = folder.path().join("fault");
    let address = free_address();
    let (services, db) = managed(folder.path(), &address, &fault).await;
    db.command(Origin::Program, glue::Command::Start).unwrap();
    let running = db.wait_for(PATIENCE, |now| now.status == Status::Run).await.unwrap();
    let took = running.start_duration_ms.unwrap();
    assert!((200..2000).contains(&took), "{took} ms for a start delay of 200 ms");

    std::fs::write(&fault, "hang").unwrap();
    let hung = db.wait_for(PATIENCE, |now| now.status == Status::Hung).await.unwrap();
    assert_eq!(hung.pid, running.pid);
    let ticket = db.command(Origin::Program, glue::Command::Restart).unwrap();
    db.wait_for(PATIENCE, |now| now.status == Status::Starting).await.unwrap();
    tokio::time::sleep(Duration::from_millis(500)).await;
    assert_eq!(db.snapshot().status, Status::Starting, "as long as the fault is there");
    std::fs::remove_file(&fault).unwrap();
    let again = ticket.settled().await;
    assert!(again.status == Status::Run && again.pid != running.pid);
    services.shutdown().await;
}
