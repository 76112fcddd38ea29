//! What the documentation shows is what happens.

use fieldrun_device::{Device, DeviceConfig, Input, Micros, NodeId, Output, SensorFrame};
use fieldrun_lang::DiagCode;
use fieldrun_sim::{Flow, Moment, Observer, Scenario, SimError};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

fn readme() -> String {
    std::fs::read_to_string(root().join("README.md")).expect("the README")
}

/// The fenced blocks of a page whose fence says `kind`.
fn blocks(page: &str, kind: &str) -> Vec<String> {
    let parts: Vec<&str> = page.split("```").collect();
    let fenced = parts.iter().skip(1).step_by(2);
    let of_kind = fenced.filter_map(|block| block.split_once('\n')).filter(|(k, _)| *k == kind);
    of_kind.map(|(_, text)| text.to_owned()).collect()
}

/// The index of the examples and the page of each.
fn example_pages() -> Vec<String> {
    let folder = root().join("examples");
    let entries = std::fs::read_dir(folder).expect("the folder").filter_map(Result::ok);
    let names = entries.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let pages = names.map(|name| format!("examples/{name}/README.md"));
    let mut pages: Vec<String> = pages.filter(|page| root().join(page).exists()).collect();
    pages.push("examples/README.md".to_owned());
    assert!(pages.len() > 14, "pages are found: {pages:?}");
    pages.sort();
    pages
}

/// Values and links at the end of a run.
#[derive(Default)]
struct Last {
    hops: Vec<f64>,
    links: Vec<Vec<usize>>,
}

impl Observer for Last {
    fn event(&mut self, _: &Moment<'_>) -> Result<Flow, SimError> {
        Ok(Flow::Continue)
    }

    fn finish(&mut self, moment: &Moment<'_>) -> Result<(), SimError> {
        for device in 0..moment.world.len() {
            let value = moment.world.value(device).and_then(|value| value.as_number());
            self.hops.push(value.unwrap_or(f64::NAN));
            self.links.push(moment.world.neighbors(device).iter().map(|n| *n as usize).collect());
        }
        Ok(())
    }
}

/// Breadth-first distances from device 0.
fn oracle(links: &[Vec<usize>]) -> Vec<f64> {
    let mut hops = vec![f64::INFINITY; links.len()];
    let mut frontier = vec![0];
    hops[0] = 0.0;
    while let Some(next) = (!frontier.is_empty()).then(|| std::mem::take(&mut frontier)) {
        for device in next {
            for neighbor in &links[device] {
                if hops[*neighbor].is_infinite() {
                    hops[*neighbor] = hops[device] + 1.0;
                    frontier.push(*neighbor);
                }
            }
        }
    }
    hops
}

#[test]
fn the_first_program_of_the_readme_counts_hops() {
    let programs = blocks(&readme(), "");
    let text = programs.first().expect("the README shows a program");
    let program = fieldrun_stdlib::load_text("hops.pt", text, &[]).expect("it loads");
    assert!(program.findings.is_empty(), "it loads without remarks");
    let mut last = Last::default();
    let scenario = Scenario::default_for(Path::new("hops.pt"));
    fieldrun_sim::run(&scenario, &program.program, &mut last).expect("it runs");
    assert_eq!(last.hops, oracle(&last.links));
}

#[test]
fn every_file_that_the_pages_link_to_exists() {
    let mut checked = 0;
    let examples = example_pages();
    let pages = [
        "README.md",
        "CONTRIBUTING.md",
        "CHANGELOG.md",
        "docs/ARCHITECTURE.md",
        "docs/diagnostics.md",
        "docs/faults.md",
        "docs/language.md",
        "docs/library.md",
        "docs/operations.md",
        "docs/protocol.md",
        "docs/security.md",
        "docs/simulator.md",
        "docs/tools.md",
        "tests/spec/README.md",
    ];
    for page in pages.into_iter().chain(examples.iter().map(String::as_str)) {
        let text = std::fs::read_to_string(root().join(page)).expect("the page");
        let folder = root().join(page).parent().map(Path::to_owned).expect("a folder");
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if !link.contains("://") {
                assert!(folder.join(link).exists(), "{page} links to {link}");
                checked += 1;
            }
        }
    }
    assert!(checked > 20, "links are found");
}

#[test]
fn every_command_that_the_pages_show_exists() {
    let help = Command::new(env!("CARGO_BIN_EXE_fieldrun")).arg("--help").output().expect("runs");
    let help = String::from_utf8_lossy(&help.stdout).into_owned();
    let listed = help.lines().skip_while(|line| !line.starts_with("Commands:")).skip(1);
    let listed: BTreeSet<&str> = listed
        .take_while(|line| !line.is_empty())
        .filter_map(|l| l.split_whitespace().next())
        .collect();
    let mut checked = 0;
    let examples = example_pages();
    let pages = [
        "README.md",
        "docs/diagnostics.md",
        "docs/faults.md",
        "docs/operations.md",
        "docs/simulator.md",
        "docs/tools.md",
    ];
    for page in pages.into_iter().chain(examples.iter().map(String::as_str)) {
        let text = std::fs::read_to_string(root().join(page)).expect("the page");
        let fenced = text.split("```").skip(1).step_by(2).flat_map(str::lines);
        let lines = fenced.map(|line| line.trim_start_matches("$ "));
        for line in lines.filter_map(|line| line.strip_prefix("fieldrun ")) {
            for file in line.split(' ').filter(|word| word.starts_with("examples/")) {
                assert!(root().join(file).exists(), "{page} runs {file}");
            }
            let command = line.split(' ').next().unwrap_or_default();
            let known = listed.contains(command) || command.ends_with(".pt");
            assert!(known, "{page} shows `fieldrun {command}`");
            checked += 1;
        }
    }
    assert!(checked > 10, "commands are found");
}

/// Bytes of a frame, one part a line with what it is.
#[test]
fn the_example_of_the_protocol_is_what_a_device_sends() {
    let page = std::fs::read_to_string(root().join("docs/protocol.md")).expect("the page");
    let program = blocks(&page, "example").pop().expect("a program");
    let program = fieldrun_stdlib::load_text("example.pt", program.trim(), &[]).expect("it loads");
    let config = DeviceConfig {
        incarnation: 3,
        ..DeviceConfig::new(NodeId::text("hr-db"), program.program)
    };
    let mut device = Device::new(config);
    let sensors = SensorFrame::default();
    for input in
        [Input::Status { status: &[2, 1] }, Input::Tick { now: Micros(0), sensors: &sensors }]
    {
        device.handle(input).expect("taken");
        let sent = std::iter::from_fn(|| device.poll()).find_map(|output| match output {
            Output::Broadcast(bytes) => Some(bytes),
            _ => None,
        });
        let Some(sent) = sent else { continue };
        while device.poll().is_some() {}
        let frame = blocks(&page, "frame").pop().expect("a frame");
        // The bytes are what stands before two spaces.
        let bytes = frame.lines().filter_map(|line| line.split("  ").next());
        let shown: Vec<&str> = bytes.flat_map(str::split_whitespace).collect();
        let sent: Vec<String> = sent.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(shown.join(" "), sent.join(" "), "docs/protocol.md shows what is sent");
        return;
    }
    panic!("the device sends");
}

#[test]
fn the_page_of_diagnostics_lists_all_codes() {
    let page = std::fs::read_to_string(root().join("docs/diagnostics.md")).expect("the page");
    let (_, table) = page.split_once("|---|---|---|\n").expect("a table");
    let row = |code: &DiagCode| {
        let severity = format!("{:?}", code.severity()).to_lowercase();
        format!("| [{code}](../lang/src/diag/pages/{code}.md) | {severity} | {} |", code.title())
    };
    let rows: Vec<String> = DiagCode::ALL.iter().map(row).collect();
    assert_eq!(table.lines().collect::<Vec<_>>(), rows);
}

#[test]
fn what_the_page_of_diagnostics_allows_is_allowed() {
    let page = std::fs::read_to_string(root().join("docs/diagnostics.md")).expect("the page");
    let program = blocks(&page, "pt").first().expect("a program").clone();
    let load = |text: &str| fieldrun_stdlib::load_text("a.pt", text, &[]).expect("it loads");
    assert!(load(&program).findings.is_empty(), "the comment allows the warning");
    let bare = program.replace("// allow", "// because");
    assert_eq!(load(&bare).findings.len(), 1, "without it there is one");
}

fn explain(words: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fieldrun"));
    let output = command.arg("explain").args(words).output().expect("it runs");
    let text = |bytes| String::from_utf8(bytes).expect("text");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

#[test]
fn explain_shows_the_page_of_a_code() {
    for word in ["FR-L012", "fr-l012", "L012"] {
        let shown = explain(&[word]);
        assert_eq!(shown, (Some(0), DiagCode::Unclosed.page().to_owned(), String::new()));
    }
    let (code, _, error) = explain(&["FR-L013x"]);
    assert_eq!(code, Some(2));
    assert!(error.contains("did you mean FR-L013"), "{error}");
    let (_, all, _) = explain(&[]);
    assert_eq!(all.lines().count(), DiagCode::ALL.len());
    let (_, json, _) = explain(&["L012", "--json"]);
    let json: serde_json::Value = serde_json::from_str(&json).expect("JSON");
    assert_eq!(json["code"], "FR-L012");
    assert_eq!(json["page"], DiagCode::Unclosed.page());
}

#[test]
fn errors_say_once_where_more_is_said() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_fieldrun"));
    let output = command.args(["check", "max(1, oops) + min(oops2, 3)"]).output().expect("it runs");
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(text.matches("error[FR-L030]").count(), 2, "{text}");
    assert_eq!(text.matches("fieldrun explain FR-L030").count(), 1, "{text}");
}

/// The trace on the page is what the command prints for the program on the page.
#[test]
fn the_trace_that_the_page_shows_is_printed() {
    let page = std::fs::read_to_string(root().join("docs/tools.md")).expect("the page");
    let program = blocks(&page, "pt").first().expect("a program").clone();
    let shown = blocks(&page, "").first().expect("a trace").clone();
    let (command, expected) = shown.split_once('\n').expect("a command and what it prints");
    let folder = tempfile::tempdir().expect("a folder");
    std::fs::write(folder.path().join("ahead.pt"), &program).expect("a file");
    let words = command.strip_prefix("$ fieldrun ").expect("a command").split(' ');
    let mut fieldrun = Command::new(env!("CARGO_BIN_EXE_fieldrun"));
    let output = fieldrun.args(words).current_dir(folder.path()).output().expect("it runs");
    assert_eq!(String::from_utf8_lossy(&output.stdout), expected);
    let source = fieldrun_lang::Source::new("ahead.pt", program.as_str());
    assert_eq!(fieldrun_lang::format(&source).expect("a program"), program, "it is laid out");
}

/// Functions of the modules beyond the Protelis library, as rows: module, signature, first sentence.
fn rows_of_library() -> Vec<String> {
    let own = |name: &str| {
        let name = name.strip_prefix("fieldrun:")?;
        (!name.starts_with("classic")).then(|| name.to_owned())
    };
    let mut rows = Vec::new();
    for (name, text) in fieldrun_stdlib::modules() {
        let Some(name) = own(name) else { continue };
        for comment in text.split("/**\n").skip(1) {
            let (comment, rest) = comment.split_once(" */\n").expect("a comment ends");
            let said = comment.lines().filter_map(|line| line.strip_prefix(" * "));
            let said = said.take_while(|line| !line.starts_with('@')).collect::<Vec<_>>().join(" ");
            let end = said.find(['.', '?']).expect("a sentence ends");
            let signature = rest.strip_prefix("public def ").expect("a function follows");
            let (signature, _) = signature.split_once(')').expect("a parameter list");
            rows.push(format!("| `{name}` | `{signature})` | {} |", &said[..=end]));
        }
    }
    rows
}

#[test]
fn the_page_of_the_library_lists_its_functions() {
    let page = std::fs::read_to_string(root().join("docs/library.md")).expect("the page");
    let (_, table) = page.split_once("| Module | Function | |\n|---|---|---|\n").expect("a table");
    let mut listed: Vec<&str> = table.lines().collect();
    let mut rows = rows_of_library();
    // The page goes from the common to the rare, the modules by name.
    listed.sort_unstable();
    rows.sort_unstable();
    assert_eq!(listed, rows);
}

#[test]
fn the_page_of_the_library_names_functions_that_exist() {
    let page = std::fs::read_to_string(root().join("docs/library.md")).expect("the page");
    let (advice, _) = page.split_once("## All functions").expect("two parts");
    let (_, advice) = advice.split_once("## Which one?").expect("two parts");
    let quoted = advice.split('`').skip(1).step_by(2).map(|word| word.trim_end_matches("()"));
    let names: Vec<&str> = quoted.filter(|word| !word.contains([':', '*'])).collect();
    assert!(names.len() > 20, "names are found");
    for name in names {
        let known = fieldrun_stdlib::modules()
            .any(|(_, text)| text.contains(&format!("public def {name}(")));
        assert!(known, "docs/library.md names `{name}`");
    }
    let example = blocks(&page, "pt").pop().expect("a program");
    let loaded = fieldrun_stdlib::load_text("a.pt", &example, &[]).expect("it loads");
    assert!(loaded.findings.is_empty(), "it loads without remarks");
}

/// Whatever the comments of the library refer to by its full name is there.
#[test]
fn the_comments_of_the_library_name_what_exists() {
    let mut found = 0;
    for (_, text) in fieldrun_stdlib::modules() {
        let words = text.split(|c: char| !c.is_ascii_alphanumeric() && c != ':');
        let paths = words.map(|word| word.trim_end_matches(':'));
        for path in paths.filter(|w| w.starts_with("protelis:") || w.starts_with("fieldrun:")) {
            let (module, function) = path.rsplit_once(':').expect("it has one");
            let defines = |text: &str| text.contains(&format!("public def {function}("));
            let known = fieldrun_stdlib::module(path).is_some()
                || fieldrun_stdlib::module(module).is_some_and(defines);
            assert!(known, "nothing is called {path}");
            found += 1;
        }
    }
    assert!(found > 40, "modules, imports and functions are named: {found}");
}

/// Who loads a program with an old form hears of it once, and of no use inside the library.
#[test]
fn old_forms_of_repaired_functions_get_a_notice() {
    let repaired = fieldrun_stdlib::module("fieldrun:repaired").expect("a module");
    let mut old = 0;
    for (module, text) in fieldrun_stdlib::modules() {
        for documented in text.split("@instead fieldrun:repaired:").skip(1) {
            let (new, rest) = documented.split_once('\n').expect("a line");
            assert!(repaired.contains(&format!("public def {new}(")), "{new} is there");
            let (_, definition) = rest.split_once("public def ").expect("a function follows");
            let (name, _) = definition.split_once('(').expect("a signature");
            let program = format!("import {module}\n[].map({name})");
            let loaded = fieldrun_stdlib::load_text("a.pt", &program, &[]).expect("it loads");
            let codes: Vec<DiagCode> = loaded.findings.iter().map(|d| d.code).collect();
            assert_eq!(codes, [DiagCode::Superseded], "{name}");
            old += 1;
        }
    }
    assert!(old > 4, "there are such functions: {old}");
}
