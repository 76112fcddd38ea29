//! The codec under arbitrary values and arbitrary bytes.

use super::value::{read_sequence, write_sequence};
use super::*;
use crate::Value;
use fieldrun_lang::{Arity, Field, Function, List};
use fieldrun_stdlib::load_text;
use proptest::prelude::*;
use std::sync::LazyLock;

/// A program with slots in several regions, and with places that have none.
const PROGRAM: &str = "
if (env.has(\"a\")) {
  let a = nbr(1)
  if (env.has(\"b\")) { nbr(\"b\") 1 } else { nbr([2]) 2 }
} else { nbr(true) 3 }
nbr(4)
alignedMap(nbr([[1, 2]]), (k, v) -> { true }, (k, v) -> { nbr(1) 1 }, 0)
";

fn program() -> Arc<Program> {
    static LOADED: LazyLock<Arc<Program>> =
        LazyLock::new(|| load_text("test.pt", PROGRAM, &[]).expect("the program loads").program);
    LOADED.clone()
}

fn id() -> impl Strategy<Value = NodeId> {
    prop_oneof![any::<i64>().prop_map(NodeId::Int), "[a-zé]{0,8}".prop_map(|t| NodeId::text(&t))]
}

fn function() -> impl Strategy<Value = Value> {
    let arity = prop_oneof![
        any::<u8>().prop_map(Arity::Exactly),
        Just(Arity::Short),
        (any::<u8>(), any::<u8>()).prop_map(|(a, b)| Arity::Between(a, b)),
    ];
    (any::<u64>(), "[a-z:]{1,12}", arity).prop_map(|(identity, name, arity)| {
        Value::Function(Arc::new(Function::received(identity ^ 1, identity, &name, arity)))
    })
}

fn number() -> impl Strategy<Value = f64> {
    prop_oneof![
        any::<f64>(),
        any::<f32>().prop_map(f64::from),
        any::<i64>().prop_map(|i| i as f64),
        (-300_i32..300).prop_map(f64::from),
        any::<u64>().prop_map(f64::from_bits),
        prop_oneof![Just(-0.0), Just(f64::INFINITY), Just(281_474_976_710_656.0)],
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Unit),
        Just(Value::Environment),
        any::<bool>().prop_map(Value::Bool),
        number().prop_map(Value::Number),
        any::<i64>().prop_map(Value::Int),
        ".{0,40}".prop_map(|t| Value::text(&t)),
        id().prop_map(Value::Uid),
        id().prop_map(Value::Device),
        function(),
    ];
    leaf.prop_recursive(4, 24, 6, |inner| {
        let items = prop::collection::vec(inner.clone(), 0..18);
        prop_oneof![
            items.clone().prop_map(Value::tuple),
            items.clone().prop_map(|v| Value::Set(Arc::new(v))),
            items.prop_map(|v| Value::List(List::new(v))),
            prop::option::of(inner.clone()).prop_map(|v| Value::Option(v.map(Arc::new))),
            prop::collection::vec((inner.clone(), inner), 0..4)
                .prop_map(|v| Value::Map(Arc::new(v))),
        ]
    })
}

fn cell() -> impl Strategy<Value = Value> {
    let field =
        (value(), prop::collection::btree_map(id(), value(), 0..5)).prop_map(|(local, all)| {
            Value::Field(Arc::new(Field::new(local, all.into_iter().collect())))
        });
    prop_oneof![4 => value(), 1 => field]
}

/// Exports of a program: slots by the regions that ran, and places without slots.
fn exports(program: &Arc<Program>) -> impl Strategy<Value = Exports> + use<> {
    let layout = program.layout().clone();
    let regions = layout.regions().len();
    let values = prop::collection::vec(cell(), layout.carried());
    let extra = prop::collection::btree_map(any::<u64>(), cell(), 0..4);
    let ran = prop::collection::vec(any::<bool>(), regions);
    (ran, values, extra, any::<bool>()).prop_map(move |(mut ran, values, extra, by_path)| {
        let extra: Vec<(u64, Value)> = extra.into_iter().collect();
        if by_path {
            return Exports::from_cells(&Arc::default(), extra);
        }
        for (index, region) in layout.regions().iter().enumerate() {
            ran[index] = index == 0 || ran[index] && ran[region.parent as usize];
        }
        let words: Vec<u64> = vec![(0..regions).map(|i| u64::from(ran[i]) << i).sum()];
        let mut held = vec![Value::Null; layout.carried()];
        for slot in layout.exports().iter().filter(|slot| ran[slot.region as usize]) {
            if let Some(index) = slot.carried {
                held[index as usize] = values[index as usize].clone();
            }
        }
        Exports::from_parts(&layout, words, held, extra).expect("consistent parts")
    })
}

prop_compose! {
    fn head()(
        from in id(),
        [incarnation, round, period] in any::<[u64; 3]>(),
        offer in any::<bool>(),
        status in prop::collection::vec(any::<u8>(), 0..MAX_STATUS),
        notes in prop::collection::btree_set(any::<u32>(), 0..5),
    ) -> Head {
        let (shape, notes) = (shape(&program()), notes.into_iter().collect());
        Head { from, incarnation, round, period: Micros(period), shape, status, offer, notes }
    }
}

fn frame() -> impl Strategy<Value = Frame> {
    let program = program();
    (head(), exports(&program), exports(&program), any::<bool>(), 1..1000_u64).prop_map(
        |(mut head, now, base, changes, back)| {
            head.round = head.round.max(back);
            let changes = Changes::between(head.round - back, &base, &now).filter(|_| changes);
            let body = changes.map_or_else(|| Body::Whole(Arc::new(now)), Body::Changes);
            Frame { head, body }
        },
    )
}

/// Everything that a frame says; values compare bit by bit through their debug text, in which NaN
/// equals itself.
fn said(frame: &impl std::fmt::Debug) -> String {
    format!("{frame:?}").replace("-NaN", "NaN")
}

fn read(bytes: &[u8]) -> Result<Frame, DecodeError> {
    decode(bytes, &program(), &Limits::default())
}

proptest! {
    #[test]
    fn a_frame_survives_the_wire(frame in frame()) {
        let bytes = frame.encode(&program()).expect("of this program");
        let decoded = read(&bytes).expect("own frames decode");
        prop_assert_eq!(said(&decoded), said(&frame));
        prop_assert_eq!(decoded.encode(&program()), Some(bytes));
    }

    #[test]
    fn any_bytes_decode_or_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(read(&bytes).is_err(), "no shape is met by chance");
        let with_head = [start(0), bytes].concat();
        if let Ok(frame) = read(&with_head) {
            prop_assert_eq!(frame.encode(&program()), Some(with_head));
        }
    }

    /// Damage in the middle of a good frame reaches deeper into the decoder than noise does.
    #[test]
    fn a_damaged_frame_decodes_in_its_one_form_or_is_refused(
        frame in frame(),
        at in any::<prop::sample::Index>(),
        bytes in prop::collection::vec(any::<u8>(), 0..3),
        remove in 0..4_usize,
    ) {
        let mut damaged = frame.encode(&program()).expect("of this program");
        let at = at.index(damaged.len());
        let end = damaged.len().min(at + remove);
        damaged.splice(at..end, bytes);
        if let Ok(frame) = read(&damaged) {
            let again = frame.encode(&program());
            prop_assert!(again.is_none_or(|again| again == damaged));
        }
    }

    #[test]
    fn changes_make_the_new_exports_of_the_old_ones(
        base in exports(&program()), now in exports(&program()), same_paths in any::<bool>()
    ) {
        let now = if same_paths {
            let extra = base.extra().iter().zip(now.extra().iter().cycle());
            let extra = extra.map(|(old, new)| (old.0, new.1.clone())).collect::<Vec<_>>();
            let parts = (now.regions().to_vec(), now.values().to_vec());
            let fits = now.follows(base.layout()) && extra.len() == base.extra().len();
            let whole = Exports::from_parts(now.layout(), parts.0, parts.1, extra);
            if fits { whole.expect("consistent parts") } else { now }
        } else { now };
        let Some(changes) = Changes::between(1, &base, &now) else {
            let paths = |e: &Exports| e.extra().iter().map(|(p, _)| *p).collect::<Vec<_>>();
            prop_assert!(!base.follows(now.layout()) || paths(&base) != paths(&now));
            return Ok(());
        };
        let made = changes.apply(&base).expect("they fit");
        prop_assert_eq!(said(&made.cells()), said(&now.cells()));
    }

    /// However a sequence is cut into blocks, only one cut is read: the one that is written.
    #[test]
    fn numbers_travel_bit_by_bit_in_their_shortest_form(x in number()) {
        let mut bytes = Vec::new();
        write_sequence(&mut bytes, std::iter::once(&Value::Number(x)));
        let values = read_sequence(&mut Reader::new(&bytes), 1).expect("a number");
        let Value::Number(y) = values[0] else { panic!("{values:?}") };
        prop_assert!(x.to_bits() == y.to_bits() || x.is_nan() && y.is_nan());
        prop_assert!(bytes.len() <= 9);
    }
}

/// A frame up to its body.
fn start(flags: u8) -> Vec<u8> {
    let head = Head {
        from: NodeId::Int(1),
        incarnation: 1,
        round: 9,
        period: Micros(1),
        shape: shape(&program()),
        status: Vec::new(),
        offer: false,
        notes: Vec::new(),
    };
    let empty = Exports::default();
    let mut bytes = encode(&head, Content::Whole(&empty), &Arc::default());
    bytes[1] = flags;
    bytes
}

fn refusal(bytes: &[u8]) -> String {
    read(bytes).expect_err("it is refused").to_string()
}

/// A frame with all values by path: one path, and what follows it.
fn with_cell(cell: &[u8]) -> Vec<u8> {
    [start(BY_PATH | EXTRA), vec![1], 7_u64.to_le_bytes().to_vec(), cell.to_vec()].concat()
}

#[test]
fn deep_nesting_is_refused_without_recursion() {
    // Two bytes a level: 100 000 levels would overflow any stack that recursed on them.
    let deep = |levels: usize| with_cell(&[[0x60, 1].repeat(levels), vec![0]].concat());
    assert!(read(&deep(fieldrun_lang::MAX_NESTING)).is_ok());
    assert!(refusal(&deep(fieldrun_lang::MAX_NESTING + 1)).contains("nested too deeply"));
    assert!(refusal(&deep(100_000)).contains("nested too deeply"));
}

#[test]
fn a_promised_length_is_not_believed() {
    let huge = [0xff, 0xff, 0xff, 0xff, 0x0f];
    for (flags, body) in [
        (BY_PATH | EXTRA, huge.to_vec()),
        (BY_PATH | CHANGES | EXTRA, [&[1][..], &huge].concat()),
        (NOTES, huge.to_vec()),
        (STATUS, huge.to_vec()),
    ] {
        assert!(refusal(&[start(flags), body].concat()).contains("byte"), "{flags}");
    }
    for kind in [5_u8, 6, 11, 12, 13, 14] {
        let message = refusal(&with_cell(&[&[kind << 4][..], &huge].concat()));
        assert!(message.contains("more is promised than the frame has"), "{kind}: {message}");
    }
    // Each tuple promises all that is left: the promises together must be kept too.
    let nested = with_cell(&[[0x60, 100].repeat(30), vec![0; 101]].concat());
    assert!(refusal(&nested).contains("more is promised than the frame has"));
}

#[test]
fn a_frame_above_the_limit_is_refused_unread() {
    let limits = Limits { frame_bytes: 10, ..Limits::default() };
    let error = decode(&[0; 11], &program(), &limits).expect_err("too long");
    assert_eq!(error, DecodeError::TooLong { bytes: 11, limit: 10 });
}

#[test]
fn other_spellings_of_the_same_are_refused() {
    let double = |x: f64| [&[0x30][..], &x.to_le_bytes()].concat();
    let single = |bits: u32| [&[0x20][..], &bits.to_le_bytes()].concat();
    for (spelling, why) in [
        (vec![0x10, 0x80, 0], "longer than it need be"),
        (double(3.0), "not in its one form"),
        (double(0.5), "not in its one form"),
        (double(f64::NAN), "not in its one form"),
        (single(3_f32.to_bits()), "not in its one form"),
        (single(f32::NAN.to_bits() | 1), "not in its one form"),
        (vec![0x60, 2, 0x10, 2, 0x10, 4], "two blocks that should be one"),
        (vec![0x11, 2, 4], "longer than what it is in"),
        (vec![0, 0], "more bytes than a frame"),
        (vec![0xf0, 0], "unknown kind"),
        (vec![0x60, 1, 0xe0, 0, 0], "a field within a value"),
    ] {
        let message = refusal(&with_cell(&spelling));
        assert!(message.contains(why), "{spelling:?}: {message}");
    }
    assert!(read(&with_cell(&[0x60, 2, 0x11, 2, 4])).is_ok(), "what was meant is read");
}

#[test]
fn a_frame_holds_no_more_values_than_bytes() {
    // The densest there is: a byte a value.
    let mut bytes = with_cell(&[0x60]);
    write_varint(&mut bytes, 100_000);
    bytes.extend(vec![0; 100_000]);
    let frame = read(&bytes).expect("a frame");
    let Body::Whole(exports) = frame.body else { panic!("whole") };
    let Value::Tuple(items) = &exports.extra()[0].1 else { panic!("a tuple") };
    assert_eq!(items.len(), 100_000);
}

#[test]
fn frames_of_other_programs_are_read_up_to_their_head() {
    let mut bytes = [start(0), vec![0xff; 50]].concat();
    bytes[2] ^= 1;
    let frame = read(&bytes).expect("the head is good");
    assert!(matches!(frame.body, Body::Foreign));
    assert_eq!((frame.head.from, frame.head.round), (NodeId::Int(1), 9));
}

/// Same text, other slots: no value may be taken for another one.
#[test]
fn the_shape_tells_texts_and_layouts_apart() {
    let other = load_text("test.pt", "nbr(1) 1", &[]).expect("it loads").program;
    assert_ne!(shape(&program()), shape(&other));
    assert_ne!(shape(&program()), program().fingerprint());
}

#[test]
fn messages_of_the_first_format_are_refused_with_its_number() {
    let mut files = 0;
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/frame-1");
    for file in std::fs::read_dir(folder).expect("the folder") {
        let bytes = std::fs::read(file.expect("a file").path()).expect("its bytes");
        let message = refusal(&bytes);
        assert_eq!(
            message,
            "the frame has format version 1, and this program speaks version 2 (update the \
             sender's side)"
        );
        files += 1;
    }
    assert_eq!(files, 6);
}
