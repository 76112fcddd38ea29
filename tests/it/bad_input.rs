//! Whatever a file holds, the answer is a message, an exit code and little time: never a panic.

use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// Far more than any of these takes on a slow machine; without a bound they take forever.
const LONGEST: Duration = Duration::from_secs(60);
/// A person reads a screen or two, not megabytes.
const MOST_OUTPUT: usize = 64 << 10;

/// Runs a program of some bytes for a few rounds: exit code and standard error.
fn run(file: &str, bytes: &[u8]) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join(file), bytes).expect("a file");
    run_in(folder.path(), file)
}

fn run_in(folder: &Path, file: &str) -> (Option<i32>, String) {
    let start = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_fieldrun"))
        .args(["eval", file, "--rounds", "30"])
        .current_dir(folder)
        .stdout(Stdio::null())
        .output()
        .expect("it runs");
    assert!(start.elapsed() < LONGEST, "{file} took {:?}", start.elapsed());
    let text = String::from_utf8(output.stderr).expect("messages are text");
    assert!(text.len() < MOST_OUTPUT, "{file} made {} bytes of messages", text.len());
    (output.status.code(), text)
}

/// The input is refused, and the message says all of this.
fn refused(file: &str, bytes: &[u8], said: &[&str]) {
    let (code, text) = run(file, bytes);
    let start: String = text.chars().take(2_000).collect();
    assert_eq!(code, Some(2), "{file}: {start}");
    for part in said {
        assert!(text.contains(part), "{file} does not say {part:?}: {start}");
    }
    assert!(!text.contains("panicked") && !text.contains("RUST_BACKTRACE"), "{file}: {start}");
}

fn accepted(file: &str, bytes: &[u8]) {
    let (code, text) = run(file, bytes);
    assert_eq!(code, Some(0), "{file}: {text}");
}

#[test]
fn texts_that_are_nested_without_end() {
    let nested = |open: &str, close: &str, n: usize| {
        format!("{}1{}", open.repeat(n), close.repeat(n)).into_bytes()
    };
    let deep = ["FR-L011", "nested deeper than 400 levels"];
    refused("parentheses.pt", &nested("(", ")", 10_000), &deep);
    refused("open.pt", "(".repeat(1_000_000).as_bytes(), &deep);
    refused("tuples.pt", &nested("[", "]", 10_000), &deep);
    refused("if.pt", &nested("if (true) { ", " } else { 0 }", 10_000), &deep);
    refused("else.pt", &nested("if (false) { 0 } else { ", " }", 10_000), &deep);
    refused("functions.pt", &nested("{ ", " }", 10_000), &deep);
    refused("sum.pt", format!("1{}", " + 1".repeat(10_000)).as_bytes(), &["more than 1000 links"]);
}

#[test]
fn bytes_that_are_no_program() {
    refused("nul.pt", b"let a = 1\0\na", &["FR-L001", r"`\0` has no meaning"]);
    refused("bytes.pt", b"let a = 1\nlet b = \"\xff\xfe\"", &["not UTF-8", "line 2"]);
    refused("junk.pt", "§".repeat(500_000).as_bytes(), &["FR-L001"]);
    refused("quotes.pt", "\"\\q".repeat(100_000).as_bytes(), &["FR-L005"]);
    refused("half.pt", br#""\ud800""#, &["FR-L005", "surrogates in pairs"]);
    refused("large.pt", &b"1 + 1\n".repeat(900_000), &["FR-L006", "4194304"]);
    refused("empty.pt", b"", &["FR-R001", "no program to run"]);
    refused("mark.pt", "\u{feff}".as_bytes(), &["FR-R001"]);
    refused("lines.pt", b"let a = 1\r\nlet b = a + oops\r\nb", &["lines.pt:2:13", "`oops`"]);
}

#[test]
fn files_that_are_none() {
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::create_dir(folder.path().join("folder.pt")).expect("a folder");
    let (code, text) = run_in(folder.path(), "folder.pt");
    assert_eq!(code, Some(2));
    assert!(text.contains("directory") && text.contains("name a file"), "{text}");
    let (code, text) = run_in(folder.path(), "missing.pt");
    assert_eq!(code, Some(2));
    assert!(text.contains("missing.pt"), "{text}");
}

/// Modules may import each other, and even themselves, as functions may call each other.
#[test]
fn imports_in_a_circle_are_read_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, text: &str| {
        std::fs::write(folder.path().join(name), text).expect("a file");
    };
    write("a.pt", "module a\nimport b\npublic def f(x) { g(x) + 1 }");
    write(
        "b.pt",
        "module b\nimport a\nimport b\npublic def g(x) { if (x > 3) { x } else { f(x + 1) } }",
    );
    write("good.pt", "import a\nf(0)");
    write("bad.pt", "import a\nf(0) + oops");
    assert_eq!(run_in(folder.path(), "good.pt").0, Some(0));
    let (code, text) = run_in(folder.path(), "bad.pt");
    assert_eq!((code, text.matches("error[").count()), (Some(2), 1), "{text}");
}

#[test]
fn rounds_without_end() {
    let deep = ["FR-R006", "recursion deeper than"];
    refused("recursion.pt", b"def f(n) { f(n + 1) }\nf(0)", &deep);
    refused("mutual.pt", b"def f(n) { g(n) }\ndef g(n) { f(n) }\nf(0)", &deep);
    let twice = b"def f(n) { if (n == 0) { 0 } else { f(n - 1) + f(n - 1) } }\nf(60)";
    refused("twice.pt", twice, &["FR-R007"]);
    refused("tuple.pt", b"rep (x <- [1]) { x.mergeAfter(x) }", &["FR-R003", "FR-L064"]);
    refused("text.pt", b"rep (x <- \"ab\") { x + x }", &["FR-R003", "FR-L064"]);
    let kinds = b"import java.lang.Math.*\natan2(\"x\", [1])";
    refused(
        "native.pt",
        kinds,
        &["FR-R010", "atan2(String, Tuple) does not exist", "called with x"],
    );
}

#[test]
fn programs_that_are_only_long() {
    let many =
        |line: &dyn Fn(usize) -> String, n: usize| (1..n).map(line).collect::<Vec<_>>().join("\n");
    let lets = many(&|i| format!("let a{i} = {i}"), 100_000);
    accepted("unused.pt", format!("{lets}\na5").as_bytes());
    let chain = many(&|i| format!("let a{i} = a{} + 1", i - 1), 100_000);
    accepted("chain.pt", format!("let a0 = 1\n{chain}\na99999").as_bytes());
    let star = many(&|i| format!("let a{i} = a0 + 1"), 100_000);
    accepted("star.pt", format!("let a0 = 1\n{star}\na99999").as_bytes());
    accepted("same.pt", format!("{}a", "let a = 1\n".repeat(50_000)).as_bytes());
    let defs = many(&|i| format!("def f{i}(x) {{ x + 1 }}"), 100_000);
    accepted("defs.pt", format!("{defs}\nf5(1)").as_bytes());
    let calls = many(&|i| format!("def f{i}(x) {{ f{}(x) + 1 }}", i + 1), 20_000);
    let calls = format!("{calls}\ndef f20000(x) {{ x }}\nf1(1)");
    refused("calls.pt", calls.as_bytes(), &["FR-R006"]);
    accepted("text.pt", format!("\"{}\".length()", "x".repeat(1_000_000)).as_bytes());
    let names = many(&|i| format!("call{i}(q{i})"), 50_000);
    refused("names.pt", names.as_bytes(), &["FR-L030"]);
    accepted("allow.pt", format!("{}1", "// allow FR-L056\n".repeat(100_000)).as_bytes());
    let old = many(&|i| format!("let a{i} = nbr{{{i}}} + x{i}"), 20_000);
    accepted("old.pt", format!("{old}\n1").as_bytes());
}
