//! A headless Chromium that is driven as a person would: it is asked where things are, and then clicked,
//! dragged and typed into there. It is spoken to over a pair of pipes, in its DevTools protocol.

use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

/// How long anything may take on a machine that is busy with other tests.
const PATIENCE: Duration = Duration::from_secs(90);
/// The names under which Chromium is installed.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// Where Chromium is, if it is installed.
pub(crate) fn find() -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let folders: Vec<PathBuf> = std::env::split_paths(&path).collect();
    let places = NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name)));
    places.into_iter().find(|place| place.is_file())
}

pub(crate) struct Browser {
    process: Child,
    commands: ChildStdin,
    messages: Receiver<Json>,
    answers: BTreeMap<u64, Json>,
    session: String,
    number: u64,
    /// What went wrong in the page.
    pub(crate) complaints: Vec<String>,
    // Deleted with the browser.
    _profile: tempfile::TempDir,
}

impl Browser {
    /// Starts Chromium with a page.
    pub(crate) fn open(chromium: &Path, url: &str) -> Self {
        let profile = tempfile::tempdir().expect("a folder");
        // The pipes of the protocol are the descriptors 3 and 4.
        let script = r#"exec "$0" --headless=new --remote-debugging-pipe --no-sandbox --disable-gpu \
            --no-first-run --disable-dev-shm-usage --disable-background-networking --hide-scrollbars \
            --window-size=1280,800 --user-data-dir="$1" about:blank 3<&0 4>&1 >/dev/null 2>&1"#;
        let mut process = Command::new("sh")
            .args(["-c", script])
            .arg(chromium)
            .arg(profile.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("Chromium starts");
        let commands = process.stdin.take().expect("a pipe");
        let mut output = BufReader::new(process.stdout.take().expect("a pipe"));
        let (send, messages) = channel();
        std::thread::spawn(move || {
            let mut bytes = Vec::new();
            while output.read_until(0, &mut bytes).is_ok_and(|read| read > 0) {
                bytes.pop();
                let message = serde_json::from_slice(&bytes).expect("the protocol is JSON");
                bytes.clear();
                if send.send(message).is_err() {
                    return;
                }
            }
        });
        let mut browser = Self {
            process,
            commands,
            messages,
            answers: BTreeMap::new(),
            session: String::new(),
            number: 0,
            complaints: Vec::new(),
            _profile: profile,
        };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }));
        let attach = json!({ "targetId": target["targetId"], "flatten": true });
        let attached = browser.call("Target.attachToTarget", attach);
        browser.session = attached["sessionId"].as_str().expect("a session").to_owned();
        browser.call("Runtime.enable", json!({}));
        browser.call("Log.enable", json!({}));
        browser.call("Page.navigate", json!({ "url": url }));
        browser
    }

    /// Asks the browser something.
    pub(crate) fn call(&mut self, method: &str, params: Json) -> Json {
        self.attempt(method, params).unwrap_or_else(|error| panic!("{method}: {error}"))
    }

    fn attempt(&mut self, method: &str, params: Json) -> Result<Json, Json> {
        self.number += 1;
        let mut message = json!({ "id": self.number, "method": method, "params": params });
        if !self.session.is_empty() {
            message["sessionId"] = json!(self.session);
        }
        write!(self.commands, "{message}\0").expect("Chromium listens");
        self.commands.flush().expect("Chromium listens");
        let until = Instant::now() + PATIENCE;
        loop {
            if let Some(answer) = self.answers.remove(&self.number) {
                let error = &answer["error"];
                return if error.is_null() {
                    Ok(answer["result"].clone())
                } else {
                    Err(error.clone())
                };
            }
            match self.messages.recv_timeout(until.saturating_duration_since(Instant::now())) {
                Ok(message) => self.note(message),
                Err(RecvTimeoutError::Timeout) => panic!("{method}: no answer"),
                Err(RecvTimeoutError::Disconnected) => panic!("{method}: Chromium ended"),
            }
        }
    }

    fn note(&mut self, message: Json) {
        match (message["id"].as_u64(), message["method"].as_str()) {
            (Some(id), _) => _ = self.answers.insert(id, message),
            (None, Some("Runtime.exceptionThrown")) => {
                self.complaints.push(message["params"]["exceptionDetails"].to_string());
            }
            (None, Some("Log.entryAdded")) if message["params"]["entry"]["level"] == "error" => {
                self.complaints.push(message["params"]["entry"].to_string());
            }
            _ => {}
        }
    }

    /// The value of an expression in the page.
    pub(crate) fn eval(&mut self, expression: &str) -> Json {
        let params =
            json!({ "expression": expression, "awaitPromise": true, "returnByValue": true });
        let result = self.call("Runtime.evaluate", params);
        assert!(result["exceptionDetails"].is_null(), "{expression}: {result}");
        result["result"]["value"].clone()
    }

    pub(crate) fn number(&mut self, expression: &str) -> f64 {
        self.eval(expression).as_f64().unwrap_or(f64::NAN)
    }

    pub(crate) fn text(&mut self, selector: &str) -> String {
        let text = self.eval(&format!("document.querySelector({selector:?})?.innerText ?? ''"));
        text.as_str().unwrap_or_default().to_owned()
    }

    /// Waits until an expression holds in the page.
    pub(crate) fn wait(&mut self, what: &str, expression: &str) {
        let until = Instant::now() + PATIENCE;
        // A page that is still loading has not what the expression speaks of.
        let tried = format!(
            "(() => {{ try {{ return Boolean({expression}) }} catch {{ return false }} }})()"
        );
        let params = json!({ "expression": tried, "returnByValue": true });
        while self.attempt("Runtime.evaluate", params.clone()).map(|r| r["result"]["value"].clone())
            != Ok(json!(true))
        {
            if Instant::now() > until {
                let page = self.eval("document.body.innerText");
                self.shoot("failed");
                panic!("never: {what}: {expression}\n{page}\n{:?}", self.complaints);
            }
            std::thread::sleep(Duration::from_millis(40));
        }
    }

    /// The middle of an element, which is brought into view.
    fn middle(&mut self, selector: &str) -> [f64; 2] {
        let box_ = self.eval(&format!(
            "(() => {{ const e = document.querySelector({selector:?}); if (!e) return null; \
             e.scrollIntoView({{ block: 'nearest' }}); const r = e.getBoundingClientRect(); \
             return [r.x + r.width / 2, r.y + r.height / 2]; }})()"
        ));
        let at = |axis: usize| box_[axis].as_f64().unwrap_or_else(|| panic!("no {selector}"));
        [at(0), at(1)]
    }

    pub(crate) fn click(&mut self, selector: &str) {
        let at = self.middle(selector);
        self.click_at(at);
    }

    pub(crate) fn click_at(&mut self, at: [f64; 2]) {
        self.mouse("mouseMoved", at, 0);
        self.mouse("mousePressed", at, 1);
        self.mouse("mouseReleased", at, 1);
    }

    pub(crate) fn drag(&mut self, from: [f64; 2], to: [f64; 2]) {
        self.mouse("mouseMoved", from, 0);
        self.mouse("mousePressed", from, 1);
        for part in 1..=8 {
            let share = f64::from(part) / 8.0;
            let between = |axis: usize| from[axis] + (to[axis] - from[axis]) * share;
            self.mouse("mouseMoved", [between(0), between(1)], 1);
        }
        self.mouse("mouseReleased", to, 1);
    }

    fn mouse(&mut self, kind: &str, [x, y]: [f64; 2], clicks: u32) {
        let button = if clicks > 0 { "left" } else { "none" };
        let params = json!({ "type": kind, "x": x, "y": y, "button": button,
            "buttons": u32::from(clicks > 0 && kind != "mouseReleased"), "clickCount": clicks });
        self.call("Input.dispatchMouseEvent", params);
    }

    /// Types into what has the focus.
    pub(crate) fn type_text(&mut self, text: &str) {
        self.call("Input.insertText", json!({ "text": text }));
    }

    /// Presses a key such as `Enter`, `n` or ` `.
    pub(crate) fn press(&mut self, key: &str) {
        let code = match key {
            "Enter" => 13,
            key => key.bytes().next().map_or(0, |byte| byte.to_ascii_uppercase()),
        };
        let text = if key == "Enter" { "\r" } else { key };
        for kind in ["keyDown", "keyUp"] {
            let mut params = json!({ "type": kind, "key": key, "windowsVirtualKeyCode": code });
            if kind == "keyDown" {
                params["text"] = json!(text);
            }
            self.call("Input.dispatchKeyEvent", params);
        }
    }

    /// Keeps a picture of the page in the folder that `FIELDRUN_SHOTS` names, if it does.
    pub(crate) fn shoot(&mut self, name: &str) {
        let Some(folder) = std::env::var_os("FIELDRUN_SHOTS") else { return };
        let shot = self.call("Page.captureScreenshot", json!({ "format": "png" }));
        let bytes = base64(shot["data"].as_str().expect("a picture"));
        std::fs::write(Path::new(&folder).join(format!("{name}.png")), bytes).expect("written");
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Its children end with it.
        let _ = write!(self.commands, "{{\"id\":0,\"method\":\"Browser.close\"}}\0");
        let until = Instant::now() + Duration::from_secs(5);
        while self.process.try_wait().is_ok_and(|ended| ended.is_none()) && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The bytes of a text in base 64.
fn base64(text: &str) -> Vec<u8> {
    let digit = |letter: u8| match letter {
        b'A'..=b'Z' => Some(letter - b'A'),
        b'a'..=b'z' => Some(letter - b'a' + 26),
        b'0'..=b'9' => Some(letter - b'0' + 52),
        b'+' => Some(62),
        b'/' => Some(63),
        _ => None,
    };
    let (mut bytes, mut held, mut bits) = (Vec::new(), 0u32, 0);
    for digit in text.bytes().filter_map(digit) {
        held = (held << 6) | u32::from(digit);
        bits += 6;
        if bits >= 8 {
            bits -= 8;
            bytes.push((held >> bits) as u8);
        }
    }
    bytes
}
