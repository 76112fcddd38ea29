//! Reading a `net` block.

use crate::network::{Event, Network};
use fieldrun_device::host::Reading;
use fieldrun_lang::NodeId;

/// Reads the lines of a network; the first of them has the number `first`.
pub(crate) fn read(first: usize, lines: &[&str]) -> Result<Network, String> {
    let mut network = Network { radius: 1.0, ..Network::default() };
    for (at, line) in lines.iter().enumerate().filter(|(_, line)| !line.is_empty()) {
        directive(&mut network, line).map_err(|error| format!("{}: {error}", first + at))?;
    }
    Ok(network)
}

/// An identifier: an integer if it reads as one.
pub(crate) fn id(text: &str) -> NodeId {
    text.parse().map_or_else(|_| NodeId::text(text), NodeId::Int)
}

fn number(text: &str) -> Result<f64, String> {
    text.parse().map_err(|e| format!("`{text}`: {e}"))
}

fn directive(network: &mut Network, line: &str) -> Result<(), String> {
    if let Some((name, json)) = line.split_once(" = ") {
        return environment(network, name, json);
    }
    let (round, line) = match line.strip_prefix("round ").and_then(|l| l.split_once(": ")) {
        Some((round, rest)) => (number(round)? as usize, rest),
        None => (1, line),
    };
    let words: Vec<&str> = line.split(' ').collect();
    match words.as_slice() {
        ["line", n] => grid(network, number(n)? as usize, 1),
        ["grid", size] => {
            let (w, h) = size.split_once('x').ok_or("write the size as 3x2")?;
            grid(network, number(w)? as usize, number(h)? as usize);
        }
        ["radius", r] => network.radius = number(r)?,
        ["node", name] => network.nodes.push((id(name), None)),
        ["node", name, x, y] => {
            network.nodes.push((id(name), Some(vec![number(x)?, number(y)?])));
        }
        ["link", a, b] if round == 1 => network.links.push((id(a), id(b))),
        ["link", a, b] => network.events.push((round, Event::Link(id(a), id(b)))),
        ["cut", a, b] => network.events.push((round, Event::Cut(id(a), id(b)))),
        ["silence", a] => network.events.push((round, Event::Silence(id(a)))),
        ["lose", a] => network.events.push((round, Event::Lose(id(a)))),
        _ => return Err(format!("cannot read `{line}`")),
    }
    Ok(())
}

fn grid(network: &mut Network, width: usize, height: usize) {
    for i in 0..width * height {
        let position = vec![(i % width) as f64, (i / width) as f64];
        network.nodes.push((NodeId::Int(i as i64), Some(position)));
    }
}

/// `env name`, `env name at a b`, `round 5: env name at a`; the value is JSON.
fn environment(network: &mut Network, head: &str, json: &str) -> Result<(), String> {
    let (round, head) = match head.strip_prefix("round ").and_then(|l| l.split_once(": ")) {
        Some((round, rest)) => (number(round)? as usize, rest),
        None => (1, head),
    };
    let head = head.strip_prefix("env ").ok_or_else(|| format!("cannot read `{head}`"))?;
    let value = serde_json::from_str(json).map_err(|e| format!("`{json}`: {e}"))?;
    let value = reading(&value).ok_or_else(|| format!("`{json}` is no value"))?;
    let (name, nodes) = head.split_once(" at ").unwrap_or((head, ""));
    if nodes.is_empty() {
        network.env.push((round, None, name.to_owned(), value));
    } else {
        for node in nodes.split(' ') {
            network.env.push((round, Some(id(node)), name.to_owned(), value.clone()));
        }
    }
    Ok(())
}

fn reading(json: &serde_json::Value) -> Option<Reading> {
    Some(match json {
        serde_json::Value::Bool(b) => Reading::Bool(*b),
        serde_json::Value::Number(n) => Reading::Number(n.as_f64()?),
        serde_json::Value::String(s) => Reading::text(s),
        serde_json::Value::Array(items) => {
            Reading::List(items.iter().map(reading).collect::<Option<_>>()?)
        }
        _ => return None,
    })
}
