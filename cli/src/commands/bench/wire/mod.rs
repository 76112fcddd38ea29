//! `fieldrun bench wire`: what messages weigh, and what it costs to write and read them.
//!
//! Each program runs on a small network until its values have settled; then the messages of a
//! round are weighed. `body` is what is beyond the envelope. Beside each time stands a yardstick of the
//! same run: the same values with their paths in MessagePack, and a copy of the bytes.

mod network;
mod plain;

use super::clock::nanoseconds;
use crate::args::BenchArgs;
use crate::output::{self, Failure, Outcome};
use fieldrun_device::wire::{Frame, Head};
use fieldrun_device::{Device, DeviceConfig, Input, Micros, NodeId};
use fieldrun_runtime::envelope;
use fieldrun_stdlib::load_text;
use network::{Network, Size};
use plain::cells;
use serde::Serialize;
use std::hint::black_box;
use std::process::ExitCode;

/// The programs, smallest exports first.
const WORKLOADS: [(&str, &str); 9] = [
    ("gradient", include_str!("gradient.pt")),
    ("w1", include_str!("../../../../../examples/workloads/w1.pt")),
    ("w2", include_str!("../../../../../examples/workloads/w2.pt")),
    ("w3", include_str!("../../../../../examples/workloads/w3.pt")),
    ("w4", include_str!("../../../../../examples/workloads/w4.pt")),
    ("w5", include_str!("../../../../../examples/workloads/w5.pt")),
    ("keys", include_str!("keys.pt")),
    ("restart", include_str!("../../../../../examples/enterprise/restart.pt")),
    ("crowd", include_str!("../../../../../examples/crowd/crowd.pt")),
];

/// Rounds that a receiver hears before it forgets the sender and hears them again.
const HEARD: u64 = 256;

/// A device in the middle of the network.
const MIDDLE: usize = 14;

#[derive(Serialize)]
struct Row {
    program: &'static str,
    /// Bytes before the exports: both envelopes, with a service's status.
    envelope: usize,
    /// Bytes of exports of a device in a settled network: on average and at most.
    body: f64,
    body_most: usize,
    /// Messages in a hundred that are changes to a round that all neighbours hold.
    changes_percent: f64,
    /// The average if all were whole, and the same values with their paths in MessagePack.
    whole: f64,
    messagepack: f64,
    #[serde(flatten)]
    times: Times,
}

/// Nanoseconds for one message.
#[derive(Serialize)]
struct Times {
    encode: f64,
    messagepack_encode: f64,
    /// Receive, decode and store a neighbour's round.
    take: f64,
    messagepack_decode: f64,
    copy: f64,
}

fn mean(numbers: &[usize]) -> f64 {
    numbers.iter().sum::<usize>() as f64 / numbers.len().max(1) as f64
}

fn row(program: &'static str, text: &str) -> Result<Row, Failure> {
    let loaded = load_text(program, text, &[]).map_err(Failure::failed)?;
    let network = Network::settled(&loaded.program)?;
    if program == "w3" && network.values.iter().any(|value| value.as_number() != Some(36.0)) {
        return Err(Failure::failed("w3 does not count the network"));
    }
    let sizes = network.sizes()?;
    let envelope = |size: &Size| size.head + envelope::device(&[]).len();
    let bodies: Vec<usize> = sizes.iter().map(|size| size.body).collect();
    let changes: Vec<usize> = sizes.iter().map(|size| usize::from(size.changes)).collect();
    let frames = network.whole()?;
    let heads = sizes.iter().map(|size| size.head);
    let whole = frames.iter().zip(heads).map(|(frame, head)| {
        frame.encode(&network.program).map_or(0, |bytes| bytes.len().saturating_sub(head))
    });
    let plain = frames.iter().map(|frame| plain::encoded(&cells(frame)).len());
    Ok(Row {
        program,
        envelope: sizes.iter().map(envelope).max().unwrap_or_default(),
        body: mean(&bodies),
        body_most: bodies.iter().copied().max().unwrap_or_default(),
        changes_percent: 100.0 * mean(&changes),
        whole: mean(&whole.collect::<Vec<_>>()),
        messagepack: mean(&plain.collect::<Vec<_>>()),
        times: times(&network)?,
    })
}

/// Times of whole messages, as small programs send them.
fn times(network: &Network) -> Result<Times, Failure> {
    let program = &network.program;
    let Some(mut frame) = network.whole()?.into_iter().nth(MIDDLE) else {
        return Err(Failure::failed("the network has no middle"));
    };
    (frame.head.offer, frame.head.notes) = (false, Vec::new());
    let cells = cells(&frame);
    let messagepack = plain::encoded(&cells);
    let message = |round: u64| {
        let head = Head { round, ..frame.head.clone() };
        Frame { head, body: frame.body.clone() }.encode(program).unwrap_or_default()
    };
    let messages: Vec<Vec<u8>> = (1..=HEARD).map(message).collect();
    let first = messages.first().map(Vec::as_slice).unwrap_or_default();
    Ok(Times {
        encode: nanoseconds(|| black_box(&frame).encode(program)),
        messagepack_encode: nanoseconds(|| plain::encoded(black_box(&cells))),
        take: take(network, &frame.head.from, &messages)?,
        messagepack_decode: nanoseconds(|| plain::decoded(black_box(&messagepack))),
        copy: nanoseconds(|| black_box(first).to_vec()),
    })
}

/// Nanoseconds until a message is stored in a device that has heard the sender before.
fn take(network: &Network, from: &NodeId, messages: &[Vec<u8>]) -> Result<f64, Failure> {
    let mut device = Device::new(DeviceConfig::new(NodeId::Int(0), network.program.clone()));
    let mut handle = |input: Input<'_>| {
        let taken = device.handle(input);
        while device.poll().is_some() {}
        taken
    };
    let (now, mut refused) = (Micros(0), 0);
    let mut next = messages.iter();
    let time = nanoseconds(|| {
        let bytes = match next.next() {
            Some(bytes) => bytes,
            None => {
                next = messages.iter();
                // Only messages can be refused.
                let _ = handle(Input::NeighborGone { now, id: from });
                return;
            }
        };
        refused += u64::from(handle(Input::Message { now, from, bytes }).is_err());
    });
    if refused == 0 { Ok(time) } else { Err(Failure::failed("a device refused a message")) }
}

/// The table as people read it: the columns of a row with their names.
fn table(rows: &[Row]) -> Vec<String> {
    let head = format!(
        "{:<9}{:>9}{:>7}{:>6}{:>8}{:>7}{:>9}{:>10}{:>9}{:>9}{:>9}{:>6}",
        "program",
        "envelope",
        "body",
        "most",
        "changes",
        "whole",
        "MsgPack",
        "encode ns",
        "MsgPack",
        "take ns",
        "MsgPack",
        "copy"
    );
    let line = |row: &Row| {
        let Times { encode, messagepack_encode, take, messagepack_decode, copy } = row.times;
        format!(
            "{:<9}{:>9}{:>7.1}{:>6}{:>7.0}%{:>7.1}{:>9.1}{encode:>10.0}{messagepack_encode:>9.0}\
             {take:>9.0}{messagepack_decode:>9.0}{copy:>6.0}",
            row.program,
            row.envelope,
            row.body,
            row.body_most,
            row.changes_percent,
            row.whole,
            row.messagepack,
        )
    };
    std::iter::once(head).chain(rows.iter().map(line)).collect()
}

pub(super) fn bench(args: &BenchArgs) -> Outcome {
    let rows: Result<Vec<Row>, Failure> =
        WORKLOADS.iter().map(|(program, text)| row(program, text)).collect();
    let rows = rows?;
    if args.json {
        for row in &rows {
            output::line(&serde_json::to_string(row).map_err(Failure::failed)?)?;
        }
    } else {
        table(&rows).iter().try_for_each(|line| output::line(line))?;
    }
    Ok(ExitCode::SUCCESS)
}
