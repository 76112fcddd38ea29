//! What runs a scenario.

/// What runs a scenario.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum EngineKind {
    /// The population engine for large networks that it can run, else the event engine.
    #[default]
    Auto,
    /// Complete devices with encoded messages.
    Events,
    /// Columns without messages: still devices, good links, no faults.
    Population,
}

impl EngineKind {
    /// How scenarios and the command line name them.
    pub const WORDS: [(&'static str, Self); 3] =
        [("auto", Self::Auto), ("events", Self::Events), ("population", Self::Population)];

    /// The word for it.
    pub fn word(self) -> &'static str {
        let found = Self::WORDS.iter().find(|(_, kind)| *kind == self);
        found.map_or("auto", |(word, _)| word)
    }
}
