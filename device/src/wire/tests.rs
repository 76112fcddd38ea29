//! The codec under arbitrary values and arbitrary bytes.

use super::*;
use fieldrun_lang::{Arity, Field, Function, List, Value};
use proptest::prelude::*;

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

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Unit),
        Just(Value::Environment),
        any::<bool>().prop_map(Value::Bool),
        any::<f64>().prop_map(Value::Number),
        any::<i64>().prop_map(Value::Int),
        ".{0,40}".prop_map(|t| Value::text(&t)),
        id().prop_map(Value::Uid),
        id().prop_map(Value::Device),
        function(),
    ];
    leaf.prop_recursive(6, 60, 6, |inner| {
        let items = prop::collection::vec(inner.clone(), 0..20);
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

prop_compose! {
    fn frame()(
        from in id(),
        numbers in any::<[u64; 4]>(),
        cells in prop::collection::btree_map(any::<u64>(), cell(), 0..12),
    ) -> Frame {
        let [incarnation, round, period, program] = numbers;
        let exports = Exports::from_cells(&Arc::default(), cells.into_iter().collect());
        Frame { from, incarnation, round, period: Micros(period), program, exports: Arc::new(exports) }
    }
}

/// Everything that a frame says; values compare bit by bit through their debug text, in which NaN
/// equals itself.
fn said(frame: &Frame) -> String {
    format!("{frame:?}").replace("-NaN", "NaN")
}

proptest! {
    #[test]
    fn a_frame_survives_the_wire(frame in frame()) {
        let bytes = encode(&frame);
        let decoded = decode(&bytes, &Limits::default()).expect("own frames decode");
        prop_assert_eq!(said(&decoded), said(&frame));
        prop_assert_eq!(encode(&decoded), bytes);
    }

    #[test]
    fn any_bytes_decode_or_are_refused(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(frame) = decode(&bytes, &Limits::default()) {
            prop_assert_eq!(encode(&frame), bytes);
        }
    }

    /// Damage in the middle of a good frame reaches deeper into the decoder than noise does.
    #[test]
    fn a_damaged_frame_decodes_canonically_or_is_refused(
        frame in frame(), at in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()
    ) {
        let mut bytes = encode(&frame);
        let at = at.index(bytes.len());
        if cut { bytes.truncate(at) } else { bytes[at] = byte }
        if let Ok(frame) = decode(&bytes, &Limits::default()) {
            prop_assert_eq!(encode(&frame), bytes);
        }
    }
}

fn head() -> Vec<u8> {
    let exports = Arc::new(Exports::default());
    let from = NodeId::Int(1);
    let mut bytes =
        encode(&Frame { from, incarnation: 1, round: 1, period: Micros(1), program: 1, exports });
    bytes.pop();
    bytes
}

#[test]
fn deep_nesting_is_refused_without_recursion() {
    // Two bytes a level: 100 000 levels would overflow any stack that recursed on them.
    let mut bytes = head();
    bytes.extend([0x91, 0x01]);
    bytes.extend([0x91].repeat(200_000));
    let error = decode(&bytes, &Limits::default()).unwrap_err();
    assert!(error.to_string().contains("nested too deeply"), "{error}");
}

#[test]
fn a_promised_length_is_not_believed() {
    let mut bytes = head();
    bytes.extend([0xdd, 0xff, 0xff, 0xff, 0xff]);
    let error = decode(&bytes, &Limits::default()).unwrap_err();
    assert!(error.to_string().contains("longer than the frame"), "{error}");
}

#[test]
fn a_frame_above_the_limit_is_refused_unread() {
    let limits = Limits { frame_bytes: 10, ..Limits::default() };
    let error = decode(&[0; 11], &limits).unwrap_err();
    assert_eq!(error, DecodeError::TooLong { bytes: 11, limit: 10 });
}

#[test]
fn a_longer_spelling_of_the_same_number_is_refused() {
    let mut bytes = head();
    bytes.push(0x90);
    assert!(decode(&bytes, &Limits::default()).is_ok());
    // Version 1 as a two-byte number.
    bytes.splice(0..1, [0xcc, 0x01]);
    assert_eq!(decode(&bytes, &Limits::default()).unwrap_err(), DecodeError::NotCanonical);
}
