//! The corpus of the fuzzer, and what is made of it by damage, as an ordinary test.

use crate::neighbor::sends;
use proptest::prelude::*;
use std::sync::LazyLock;

static CORPUS: LazyLock<Vec<Vec<u8>>> = LazyLock::new(|| {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fuzz/corpus/frame");
    let files = std::fs::read_dir(folder).expect("the corpus");
    let mut paths: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    paths.sort();
    paths.into_iter().map(|path| std::fs::read(path).expect("its bytes")).collect()
});

#[test]
fn the_corpus_is_decoded_or_refused() {
    CORPUS.iter().for_each(|bytes| sends(bytes));
    assert!(CORPUS.len() >= 20);
}

proptest! {
    #[test]
    fn so_is_what_damage_makes_of_it(
        file in any::<prop::sample::Index>(),
        places in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..4),
        cut in prop::option::weighted(0.2, any::<prop::sample::Index>()),
        tail in prop::collection::vec(any::<u8>(), 0..4),
    ) {
        let mut bytes = CORPUS[file.index(CORPUS.len())].clone();
        for (at, byte) in places {
            let at = at.index(bytes.len().max(1));
            if let Some(old) = bytes.get_mut(at) { *old = byte }
        }
        if let Some(cut) = cut { bytes.truncate(cut.index(bytes.len() + 1)) }
        bytes.extend(tail);
        sends(&bytes);
    }
}
