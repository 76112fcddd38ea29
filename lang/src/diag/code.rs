//! The registry of codes: what can be wrong, each with a page that explains it.

use super::Severity;

macro_rules! codes {
    ($($name:ident $code:literal $severity:ident;)*) => {
        /// A kind of mistake. Its code, such as `FR-L012`, is stable: `L` is found at load, `R` in
        /// a round. A code that is no longer used is not given to another mistake.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum DiagCode {
            $(#[doc = concat!("`", $code, "`, as [`DiagCode::page`] explains it.")] $name,)*
        }

        impl DiagCode {
            /// All codes in ascending order.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code as it is printed.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// How bad it is.
            pub const fn severity(self) -> Severity {
                match self { $(Self::$name => Severity::$severity,)* }
            }

            /// What it means and how to mend it, in Markdown: a title, the explanation, and mostly
            /// a wrong and a right program.
            pub const fn page(self) -> &'static str {
                match self { $(Self::$name => include_str!(concat!("pages/", $code, ".md")),)* }
            }
        }
    };
}

codes! {
    UnreadableCharacter "FR-L001" Error;
    EndlessComment "FR-L002" Error;
    BadNumber "FR-L003" Error;
    EndlessText "FR-L004" Error;
    BadEscape "FR-L005" Error;
    SourceTooLong "FR-L006" Error;
    Syntax "FR-L010" Error;
    TooDeep "FR-L011" Error;
    Unclosed "FR-L012" Error;
    WrongOrder "FR-L013" Error;
    NoWildcard "FR-L014" Error;
    TooManyParameters "FR-L015" Error;
    RepeatedParameter "FR-L016" Error;
    EmptyBlock "FR-L017" Error;
    UnusedFunction "FR-L018" Warning;
    NoIndexing "FR-L019" Warning;
    ContinuedMinus "FR-L020" Warning;
    DoublePrefix "FR-L021" Error;
    TrailingOldFunction "FR-L022" Error;
    PropertyAccess "FR-L023" Error;
    ContinuedCall "FR-L024" Warning;
    IfWithoutElse "FR-L025" Error;
    SeveralVariables "FR-L026" Error;
    ReducerForm "FR-L027" Error;
    KeywordArguments "FR-L028" Error;
    UndefinedName "FR-L030" Error;
    DuplicateDefinition "FR-L031" Error;
    UnknownModule "FR-L032" Error;
    UnknownClass "FR-L033" Error;
    UnknownMember "FR-L034" Error;
    BadAssignment "FR-L035" Error;
    ItOutside "FR-L036" Error;
    UsedBeforeLet "FR-L037" Error;
    NotInModule "FR-L038" Error;
    WrongArity "FR-L039" Error;
    Dialect2015 "FR-L040" Notice;
    ClassIgnored "FR-L041" Notice;
    Superseded "FR-L042" Notice;
    DuplicateLet "FR-L050" Warning;
    EndsWithLet "FR-L051" Warning;
    BranchIsField "FR-L052" Warning;
    RepIsField "FR-L053" Warning;
    CommunicatingReducer "FR-L054" Warning;
    HiddenIt "FR-L055" Warning;
    UnusedLet "FR-L056" Warning;
    ConditionIsField "FR-L057" Warning;
    NbrOfField "FR-L058" Warning;
    HoodOfLocal "FR-L059" Warning;
    RepAroundNbr "FR-L060" Warning;
    ConstantNbr "FR-L061" Warning;
    RestrictedField "FR-L062" Warning;
    TwinBranches "FR-L063" Warning;
    Growing "FR-L064" Warning;
    MixedKinds "FR-L065" Warning;
    IdleAllow "FR-L070" Warning;
    UnknownAllow "FR-L071" Warning;
    NothingToRun "FR-R001" Error;
    PathCollision "FR-R002" Error;
    ValueTooLarge "FR-R003" Error;
    SamePathTwice "FR-R004" Error;
    NullValue "FR-R005" Error;
    RecursionTooDeep "FR-R006" Error;
    OutOfFuel "FR-R007" Error;
    VariableNotKnown "FR-R008" Error;
    OperatorKinds "FR-R009" Error;
    NoSuchNative "FR-R010" Error;
    BadCondition "FR-R011" Error;
    BranchGaveField "FR-R012" Error;
    NotAligned "FR-R013" Error;
    NbrGotField "FR-R014" Error;
    MixedShare "FR-R015" Error;
    NoPosition "FR-R016" Error;
    RepGotField "FR-R017" Error;
    ArgumentCount "FR-R018" Error;
    ForeignFunction "FR-R019" Error;
    NotAFunction "FR-R020" Error;
    FieldInEnvironment "FR-R021" Error;
    EnvironmentName "FR-R022" Error;
    NotAField "FR-R023" Error;
    HoodKinds "FR-R024" Error;
    AlignedMapInput "FR-R025" Error;
    AlignedMapResult "FR-R026" Error;
    BadEval "FR-R027" Error;
    FieldInTuple "FR-R028" Error;
    NativeRefused "FR-R030" Error;
    EmptyOption "FR-R031" Error;
    OutOfBounds "FR-R032" Error;
    FunctionResult "FR-R033" Error;
    BadFormat "FR-R034" Error;
    MessageTooLarge "FR-R040" Error;
    MachinesDiffer "FR-R041" Error;
}

impl DiagCode {
    /// What is wrong, in a few words.
    pub fn title(self) -> &'static str {
        let line = self.page().lines().next().unwrap_or_default();
        line.split_once(": ").map_or(line, |(_, title)| title)
    }

    /// The code that a person means: in any case, with or without `FR-`.
    pub fn find(text: &str) -> Option<Self> {
        let full = full(text);
        Self::ALL.iter().copied().find(|code| code.as_str() == full)
    }

    /// The code that is most like a wrong one, if any is like it at all.
    pub fn nearest(text: &str) -> Option<Self> {
        let full = full(text);
        let distance = |code: Self| strsim::levenshtein(&full, code.as_str());
        let nearest = Self::ALL.iter().copied().min_by_key(|code| distance(*code))?;
        (distance(nearest) <= MAX_SLIPS).then_some(nearest)
    }
}

/// Characters that may be wrong in a code for it to be recognised.
const MAX_SLIPS: usize = 3;

fn full(text: &str) -> String {
    let upper = text.trim().to_uppercase();
    if upper.starts_with("FR-") { upper } else { format!("FR-{upper}") }
}

impl std::fmt::Display for DiagCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}
