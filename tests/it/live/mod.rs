//! The live view in a real browser, used as a person would.

mod browser;

use browser::Browser;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, Command, Stdio};

const PROGRAM: &str = r#"// Hops to the nearest source.
let source = env.get("source")
share (distance <- POSITIVE_INFINITY) {
    mux (source) { 0 } else { minHood(distance + 1) }
}
"#;

/// `fieldrun sim --open` of a program; ends with this.
struct Served {
    process: Child,
    url: String,
    _folder: tempfile::TempDir,
}

impl Served {
    fn start(file: &str, text: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join(file);
        std::fs::write(&path, text).expect("written");
        Self::open(folder, &[path.to_string_lossy().into_owned()])
    }

    fn open(folder: tempfile::TempDir, arguments: &[String]) -> Self {
        let mut process = Command::new(env!("CARGO_BIN_EXE_fieldrun"))
            .args(["sim", "--open"])
            .args(arguments)
            .env_remove("DISPLAY")
            .env_remove("WAYLAND_DISPLAY")
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("fieldrun starts");
        let mut url = String::new();
        let output = process.stdout.take().expect("a pipe");
        BufReader::new(output).read_line(&mut url).expect("an address");
        Self { process, url: url.trim().to_owned(), _folder: folder }
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Chromium, or nothing where there is none; where it has to be there, that is a failure.
fn chromium() -> Option<std::path::PathBuf> {
    let found = browser::find();
    if found.is_none() {
        let how = "the live view was NOT tested: there is no Chromium (apt-get install chromium)";
        assert!(std::env::var_os("FIELDRUN_BROWSER").is_none(), "{how}");
        #[expect(clippy::print_stderr, reason = "whoever runs the tests has to know")]
        {
            eprintln!("{how}");
        }
    }
    found
}

/// The seconds that the clock of the page shows.
const CLOCK: &str = "parseFloat(document.querySelector('#clock').innerText)";
/// How many different colours the middles of the devices have on the canvas.
const COLORS: &str = "(() => { const map = document.querySelector('#map'); const seen = new Set(); \
    for (let n = 0; n < 100; n++) { const [x, y] = map.whereIs(n); const k = map.width / map.clientWidth; \
    seen.add(map.getContext('2d').getImageData(x * k, y * k, 1, 1).data.join()); } return seen.size; })()";

/// Where a device is in the window.
fn place(browser: &mut Browser, device: usize) -> [f64; 2] {
    let at = browser.eval(&format!(
        "(() => {{ const map = document.querySelector('#map'); const r = map.getBoundingClientRect(); \
         const [x, y] = map.whereIs({device}); return [r.x + x, r.y + y]; }})()"
    ));
    [0, 1].map(|axis: usize| at[axis].as_f64().expect("a device on the map"))
}

#[test]
fn a_person_plays_with_a_run_in_the_browser() {
    let Some(chromium) = chromium() else { return };
    let served = Served::start("hops.pt", PROGRAM);
    let mut page = Browser::open(&chromium, &served.url);
    page.wait("the map", "document.querySelector('#status').innerText.includes('100 devices')");
    page.wait("the links", "document.querySelector('#map').whereIs(99)");
    page.shoot("1-start");
    time(&mut page);
    page.shoot("2-played");
    device(&mut page);
    page.shoot("3-device");
    program(&mut page);
    chart(&mut page);
    page.shoot("6-chart");
    let dark =
        serde_json::json!({ "features": [{ "name": "prefers-color-scheme", "value": "dark" }] });
    page.call("Emulation.setEmulatedMedia", dark);
    page.click("#tab-device");
    page.shoot("7-dark");
    assert_eq!(page.complaints, Vec::<String>::new(), "the page complains");
}

/// Play, pause, step, back.
fn time(page: &mut Browser) {
    assert_eq!(page.number(CLOCK), 0.0);
    let before = page.number(COLORS);
    page.click("#play");
    page.wait("time passes", &format!("{CLOCK} > 3"));
    // Hops from a corner: many distances, so many colours; before the first round there is one.
    page.wait("values have colours", &format!("{COLORS} > 6"));
    assert_eq!(before, 1.0, "no values before the start");
    page.click("#play");
    page.wait("pause", "document.querySelector('#play').innerText.includes('Play')");
    let paused = page.number(CLOCK);
    std::thread::sleep(std::time::Duration::from_millis(300));
    assert_eq!(page.number(CLOCK), paused, "time stands still");
    page.click("#step");
    page.wait("a step is one second", &format!("Math.abs({CLOCK} - {paused} - 1) < 0.011"));
    let rounds = "parseInt(document.querySelector('#status').innerText.split(' · ')[2])";
    let ran = page.number(rounds);
    page.click("#event");
    page.wait("an event is one round", &format!("{rounds} === {ran} + 1"));
    // To the very start, where nobody has a value, and forward again, where all have theirs.
    let [left, right, y] = ["r.x + 8", "r.right - 8", "r.y + r.height / 2"].map(|at| {
        page.number(&format!(
            "(() => {{ const r = document.querySelector('#slider').getBoundingClientRect(); return {at}; }})()"
        ))
    });
    let then = page.number(COLORS);
    page.drag([right, y], [left, y]);
    page.wait("back at the start", &format!("{CLOCK} < 0.2"));
    page.wait("no values there", &format!("{COLORS} <= 2"));
    page.drag([left, y], [right, y]);
    page.wait("forward again", &format!("{CLOCK} > 3"));
    page.wait("the same values again", &format!("{COLORS} === {then}"));
}

/// What a device knows, and what is done to it.
fn device(page: &mut Browser) {
    page.click("#zoom-all");
    let at = place(page, 55);
    page.click_at(at);
    page.wait("device 55", "document.querySelector('#fact-id')?.innerText === '55'");
    let before: f64 = page.text("#fact-value").parse().expect("a number of hops");
    assert!(before > 2.0, "in the middle of the network: {before} hops");
    page.wait("neighbours", "document.querySelectorAll('#device-neighbors tr').length > 4");
    page.wait("alignment", "document.querySelectorAll('#device-site tr').length > 4");
    assert!(page.text("#device-state").contains("hops.pt:3"), "{}", page.text("#device-state"));
    page.shoot("live");
    // It becomes a source.
    page.click("#device-sensors input[data-name=source]");
    page.click("#step");
    page.wait("it is a source", "document.querySelector('#fact-value').innerText === '0.0'");
    // A link is cut, and mended.
    let neighbors = "document.querySelectorAll('#device-neighbors tr').length";
    let many = page.number(neighbors);
    page.click("#device-neighbors tr:nth-child(2) td:last-child button");
    page.wait("one neighbour less", &format!("{neighbors} === {many} - 1"));
    page.click("#device-actions button:nth-of-type(2)");
    page.wait("the link is back", &format!("{neighbors} === {many}"));
    // It is dragged elsewhere.
    let position = page.text("#fact-position");
    page.drag(at, [at[0] + 60.0, at[1] - 40.0]);
    page.wait(
        "it moved",
        &format!("document.querySelector('#fact-position').innerText !== {position:?}"),
    );
    // It is killed, and revived.
    let rounds = page.text("#fact-rounds");
    page.click("#device-actions button");
    page.wait("it is away", "document.querySelector('.away')");
    page.click("#step");
    page.click("#step");
    page.shoot("4-killed");
    page.wait("it runs no rounds", &format!("{rounds:?} === document.querySelector('#fact-rounds').innerText || document.querySelector('#fact-value').innerText === 'none'"));
    page.click("#device-actions button");
    page.wait("it is back", "!document.querySelector('.away')");
    // By the keyboard to the next device.
    page.eval("document.querySelector('#map').focus()");
    page.press("n");
    page.wait("the next device", "document.querySelector('#fact-id')?.innerText === '56'");
    // Other colours.
    page.eval("document.querySelector('#key').value = 'neighbors'; document.querySelector('#key').dispatchEvent(new Event('change'))");
    page.wait(
        "by neighbours",
        "[...document.querySelectorAll('#legend .ticks span')].at(-1)?.innerText >= 13",
    );
}

/// The program is broken, and mended.
fn program(page: &mut Browser) {
    page.click("#tab-program");
    page.wait(
        "the text",
        "document.querySelector('#source').value.includes('minHood(distance + 1)')",
    );
    let select = |part: &str| {
        format!(
            "(() => {{ const s = document.querySelector('#source'); s.focus(); \
             const at = s.value.indexOf({part:?}); s.setSelectionRange(at, at + {part:?}.length); }})()"
        )
    };
    page.eval(&select("distance + 1"));
    page.type_text("distence + 2");
    page.click("#load");
    page.wait("the error", "document.querySelector('#findings').innerText.includes('distence')");
    let finding = page.text("#findings");
    assert!(finding.contains("hops.pt:4:39") && finding.contains("^^^^^^^^"), "{finding}");
    page.wait("an error is counted", "document.querySelector('#verdict').innerText === '1 error'");
    page.shoot("5-error");
    assert!(page.number(CLOCK) > 3.0, "the run goes on with the text that it had");
    page.click("#findings button");
    let caret = page.eval(
        "(() => { const s = document.querySelector('#source'); \
        return s.value.slice(s.selectionStart, s.selectionEnd); })()",
    );
    assert_eq!(caret, "distence", "a click on the message selects the place");
    page.type_text("distance");
    page.wait("it is checked", "document.querySelector('#verdict').innerText === 'No errors.'");
    page.click("#load");
    page.wait("it starts anew", &format!("{CLOCK} < 1"));
    page.click("#play");
    page.wait("it runs", &format!("{CLOCK} > 4"));
    page.click("#play");
    page.eval("document.querySelector('#key').value = 'value'; document.querySelector('#key').dispatchEvent(new Event('change'))");
    // Every hop counts two now.
    page.click("#tab-device");
    page.click("#find-id");
    page.type_text("1");
    page.press("Enter");
    page.wait("device 1", "document.querySelector('#fact-id')?.innerText === '1'");
    page.wait("two a hop", "document.querySelector('#fact-value').innerText === '2.0'");
}

fn chart(page: &mut Browser) {
    page.click("#tab-chart");
    page.wait("a chart", "document.querySelectorAll('#chart svg path').length >= 2");
    assert_eq!(page.text("#chart-title"), "value over time");
}

/// One request over a connection of its own: the status line and the body.
fn request(url: &str, head: &str, body: &[u8]) -> String {
    let address = url.trim_start_matches("http://").split('/').next().expect("an address");
    let mut stream = std::net::TcpStream::connect(address).expect("it listens");
    stream.set_read_timeout(Some(std::time::Duration::from_secs(30))).expect("a timeout");
    let length = body.len();
    let head = format!("{head}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n");
    stream.write_all(head.as_bytes()).expect("sent");
    // A server that refuses a large body need not read it.
    let _ = stream.write_all(body);
    let mut answer = Vec::new();
    let _ = stream.read_to_end(&mut answer);
    String::from_utf8_lossy(&answer).into_owned()
}

#[test]
fn only_the_page_is_answered_and_only_within_limits() {
    let served = Served::start("hops.pt", PROGRAM);
    let url = served.url.as_str();
    let (host, path) = url.trim_start_matches("http://").split_once('/').expect("a path");
    let path = format!("/{path}");
    let get = |path: &str, more: &str| request(url, &format!("GET {path} HTTP/1.1\r\n{more}"), b"");
    let own = format!("Host: {host}");
    let page = get(&path, &own);
    assert!(page.starts_with("HTTP/1.1 200") && page.contains("<canvas id=\"map\""), "{page}");
    assert!(page.contains("default-src 'none'"), "{page}");
    for asked in page.split("src=\"").skip(1).filter_map(|rest| rest.split('"').next()) {
        assert!(!asked.contains("//"), "{asked} comes from elsewhere");
    }
    let refused = [
        get("/", &own),
        get("/world", &own),
        get(&format!("{path}world"), "Host: evil.example"),
        get(&format!("{path}world"), &format!("{own}\r\nOrigin: http://evil.example")),
        get(&format!("{path}world"), &format!("{own}\r\nSec-Fetch-Site: cross-site")),
    ];
    for answer in refused {
        assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
        assert!(!answer.contains("ids"), "{answer}");
    }
    let post = |name: &str, body: &[u8]| {
        request(url, &format!("POST {path}{name} HTTP/1.1\r\n{own}"), body)
    };
    assert!(post("wish", b"\"step\"").starts_with("HTTP/1.1 200"));
    assert!(post("load", &vec![b' '; 600_000]).starts_with("HTTP/1.1 413"));
    let wrong: [(&str, &[u8], &str); 6] = [
        ("wish", b"nonsense", "expected"),
        ("wish", b"{\"fly\":1}", "unknown variant `fly`"),
        ("wish", b"{\"seek\":-1}", "-1 s is no time of a run"),
        ("wish", b"{\"show\":\"height\"}", "write value, value.0, env.NAME"),
        ("wish", b"{\"change\":{\"crash\":{\"device\":100}}}", "there is no device number 100"),
        ("wish", b"{\"change\":{\"set\":{\"device\":1,\"name\":\"a\",\"value\":null}}}", "no null"),
    ];
    for (name, body, why) in wrong {
        let answer = post(name, body);
        assert!(answer.starts_with("HTTP/1.1 400") && answer.contains(why), "{answer}");
    }
    assert!(get(&format!("{path}device?number=100"), &own).starts_with("HTTP/1.1 404"));
    assert!(get(&format!("{path}nothing.js"), &own).starts_with("HTTP/1.1 404"));
    // A connection that says nothing holds up nobody.
    let idle: Vec<_> =
        (0..8).map(|_| std::net::TcpStream::connect(host).expect("it listens")).collect();
    assert!(get(&format!("{path}world"), &own).contains("\"ids\""));
    drop(idle);
}

/// The median time between two pictures of the map while it is zoomed forty times, in milliseconds.
const PACE: &str = "new Promise((done) => { const map = document.querySelector('#map'); \
    const times = []; let last = performance.now(); const turn = () => { \
    const deltaY = times.length % 2 ? 120 : -120; \
    map.dispatchEvent(new WheelEvent('wheel', { deltaY, clientX: 500, clientY: 400 })); \
    requestAnimationFrame((now) => { times.push(now - last); last = now; \
    if (times.length < 40) turn(); else done(times.sort((a, b) => a - b)[20]); }); }; turn(); })";

#[test]
fn a_map_of_ten_thousand_devices_is_smooth() {
    let Some(chromium) = chromium() else { return };
    let folder = tempfile::tempdir().expect("a folder");
    let scenario = "program = 'p.pt'\nlink = { radius = 20 }\n[[group]]\nplace = 'jittered-grid'\ncount = 10000";
    std::fs::write(folder.path().join("big.toml"), scenario).expect("written");
    std::fs::write(folder.path().join("p.pt"), "self.getDeviceUID()").expect("written");
    let file = folder.path().join("big.toml").to_string_lossy().into_owned();
    let served = Served::open(folder, &[file]);
    let mut page = Browser::open(&chromium, &served.url);
    page.wait("the map", "document.querySelector('#status').innerText.includes('10000 devices')");
    page.wait("the links", "performance.getEntriesByName(location.href + 'links').length > 0");
    page.shoot("big-far");
    let far = page.number(PACE);
    for _ in 0..6 {
        page.click("#zoom-in");
    }
    page.shoot("big-near");
    let near = page.number(PACE);
    // Without a graphics processor, and with other tests beside it, five pictures a second are still a map
    // that follows the hand; on an idle machine it is at the sixty of the screen.
    assert!(far < 200.0 && near < 200.0, "{far} ms from far, {near} ms from near");
    assert_eq!(page.complaints, Vec::<String>::new(), "the page complains");
}
