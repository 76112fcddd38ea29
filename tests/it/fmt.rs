//! `fieldrun fmt` as a command: files, folders, standard input, exit codes.

use std::fs;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Output, Stdio};

const ODD: &str = "let x=1 // one\nx";
const EVEN: &str = "let x = 1 // one\nx\n";

fn fmt(arguments: &[&str], folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fieldrun"));
    command.arg("fmt").args(arguments).current_dir(folder).output().expect("it runs")
}

#[test]
fn files_below_a_folder_are_replaced_and_keep_their_mode() {
    let folder = tempfile::tempdir().expect("a folder");
    let deep = folder.path().join("a/b");
    fs::create_dir_all(&deep).expect("folders");
    let (program, other) = (deep.join("x.pt"), deep.join("x.txt"));
    fs::write(&program, ODD).expect("a program");
    fs::write(&other, ODD).expect("another file");
    fs::set_permissions(&program, fs::Permissions::from_mode(0o640)).expect("a mode");
    assert_eq!(fmt(&["."], folder.path()).status.code(), Some(0));
    assert_eq!(fs::read_to_string(&program).expect("still there"), EVEN);
    assert_eq!(fs::read_to_string(&other).expect("still there"), ODD);
    let mode = fs::metadata(&program).expect("still there").permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert_eq!(fs::read_dir(&deep).expect("a folder").count(), 2, "nothing is left aside");
}

#[test]
fn check_shows_what_would_change_and_changes_nothing() {
    let folder = tempfile::tempdir().expect("a folder");
    let program = folder.path().join("x.pt");
    fs::write(&program, ODD).expect("a program");
    let output = fmt(&["--check", "x.pt"], folder.path());
    assert_eq!(output.status.code(), Some(1));
    let shown = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(shown.contains("x.pt") && shown.contains("+let x = 1 // one"), "{shown}");
    assert_eq!(fs::read_to_string(&program).expect("still there"), ODD);
    fs::write(&program, EVEN).expect("a program");
    assert_eq!(fmt(&["--check", "x.pt"], folder.path()).status.code(), Some(0));
}

#[test]
fn one_text_with_errors_and_no_file_changes() {
    let folder = tempfile::tempdir().expect("a folder");
    fs::write(folder.path().join("a.pt"), ODD).expect("a program");
    fs::write(folder.path().join("b.pt"), "let = 1").expect("no program");
    fs::write(folder.path().join("c.pt"), [0xff, 0xfe]).expect("no text");
    let output = fmt(&["."], folder.path());
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(said.contains("b.pt:1:5") && said.contains("c.pt"), "{said}");
    assert_eq!(fs::read_to_string(folder.path().join("a.pt")).expect("still there"), ODD);
}

#[test]
fn standard_input_goes_to_standard_output() {
    for text in [ODD, EVEN] {
        let mut child = Command::new(env!("CARGO_BIN_EXE_fieldrun"))
            .args(["fmt", "-"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("it runs");
        child.stdin.take().expect("a pipe").write_all(text.as_bytes()).expect("it reads");
        let output = child.wait_with_output().expect("it ends");
        assert_eq!(String::from_utf8_lossy(&output.stdout), EVEN);
    }
}

/// The programs that are shipped are laid out. Those of `tests/dialect` stay as they were published,
/// and so do those of the marathon that show what was published.
#[test]
fn shipped_programs_are_laid_out() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let as_published = ["published.pt", "corrected.pt"];
    let examples = fs::read_dir(root.join("examples")).expect("a folder");
    let mut laid_out: Vec<String> = Vec::new();
    for entry in examples.filter_map(Result::ok).map(|entry| entry.path()).filter(|e| e.is_dir()) {
        let programs = fs::read_dir(&entry).expect("a folder").filter_map(Result::ok);
        let programs = programs.filter(|file| {
            let name = file.file_name().to_string_lossy().into_owned();
            name.ends_with(".pt") && !as_published.contains(&name.as_str())
        });
        laid_out.extend(programs.map(|file| file.path().to_string_lossy().into_owned()));
    }
    assert!(laid_out.len() > 20, "programs are found: {laid_out:?}");
    let arguments = ["--check", "stdlib/pt"].into_iter().chain(laid_out.iter().map(String::as_str));
    let output = fmt(&arguments.collect::<Vec<_>>(), &root);
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stdout));
}
