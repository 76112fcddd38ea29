//! The texts of the library, embedded in the binary.

/// One row: the name by which programs import a module, and its text.
type Row = (&'static str, &'static str);

macro_rules! embedded {
    ($($name:literal => $path:literal),* $(,)?) => {
        &[$(($name, include_str!(concat!("../pt/", $path)))),*]
    };
}

/// All modules in ascending order of name, which is what the search relies on.
const MODULES: &[Row] = embedded! {
    "fieldrun:classic" => "fieldrun/classic.pt",
    "fieldrun:classic:footprint" => "fieldrun/classic/footprint.pt",
    "fieldrun:clock" => "fieldrun/clock.pt",
    "fieldrun:collect" => "fieldrun/collect.pt",
    "fieldrun:distance" => "fieldrun/distance.pt",
    "fieldrun:elect" => "fieldrun/elect.pt",
    "fieldrun:gossip" => "fieldrun/gossip.pt",
    "fieldrun:membership" => "fieldrun/membership.pt",
    "fieldrun:monitor" => "fieldrun/monitor.pt",
    "fieldrun:process" => "fieldrun/process.pt",
    "fieldrun:repaired" => "fieldrun/repaired.pt",
    "protelis:coord:accumulation" => "protelis/coord/accumulation.pt",
    "protelis:coord:graph" => "protelis/coord/graph.pt",
    "protelis:coord:meta" => "protelis/coord/meta.pt",
    "protelis:coord:meta:timereplication" => "protelis/coord/meta/timereplication.pt",
    "protelis:coord:nonselfstabilizing:accumulation" => "protelis/coord/nonselfstabilizing/accumulation.pt",
    "protelis:coord:sharedtimer" => "protelis/coord/sharedtimer.pt",
    "protelis:coord:sparsechoice" => "protelis/coord/sparsechoice.pt",
    "protelis:coord:spreading" => "protelis/coord/spreading.pt",
    "protelis:coord:tree" => "protelis/coord/tree.pt",
    "protelis:lang:utils" => "protelis/lang/utils.pt",
    "protelis:state:nonselfstabilizing:time" => "protelis/state/nonselfstabilizing/time.pt",
    "protelis:state:time" => "protelis/state/time.pt",
};

/// The text of the library module `name` (`protelis:coord:spreading`), if the library has it.
pub fn module(name: &str) -> Option<&'static str> {
    MODULES
        .binary_search_by_key(&name, |row| row.0)
        .ok()
        .and_then(|at| MODULES.get(at))
        .map(|row| row.1)
}

/// Names and texts of all library modules, in ascending order of name.
pub fn modules() -> impl Iterator<Item = (&'static str, &'static str)> {
    MODULES.iter().copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Names after `public def` in a module text.
    fn public_functions(text: &str) -> Vec<&str> {
        text.lines()
            .filter_map(|line| line.strip_prefix("public def "))
            .filter_map(|rest| rest.split_once('('))
            .map(|(name, _)| name)
            .collect()
    }

    #[test]
    fn every_module_is_found_by_the_name_that_its_text_declares() {
        for (name, text) in modules() {
            assert_eq!(module(name), Some(text));
            assert!(
                text.lines().any(|line| line == format!("module {name}")),
                "{name} declares another name"
            );
        }
        assert!(MODULES.windows(2).all(|pair| pair[0].0 < pair[1].0), "the table is not sorted");
        assert_eq!(module("protelis:coord"), None);
        assert_eq!(module(""), None);
    }

    #[test]
    fn the_library_has_192_public_functions_and_two_aliases() {
        let counts: Vec<(&str, usize)> = modules()
            .filter(|(name, _)| name.starts_with("protelis:"))
            .map(|(name, text)| (name, public_functions(text).len()))
            .collect();
        let expected = [
            ("protelis:coord:accumulation", 40),
            ("protelis:coord:graph", 9),
            ("protelis:coord:meta", 10),
            ("protelis:coord:meta:timereplication", 2),
            ("protelis:coord:nonselfstabilizing:accumulation", 2),
            ("protelis:coord:sharedtimer", 1),
            ("protelis:coord:sparsechoice", 2),
            ("protelis:coord:spreading", 53),
            ("protelis:coord:tree", 6),
            ("protelis:lang:utils", 25),
            ("protelis:state:nonselfstabilizing:time", 19),
            ("protelis:state:time", 25),
        ];
        assert_eq!(counts, expected);
    }

    #[test]
    fn every_public_function_is_documented_with_all_its_parameters() {
        for (name, text) in modules() {
            let lines: Vec<&str> = text.lines().collect();
            for (at, line) in lines.iter().enumerate() {
                let Some(signature) = line.strip_prefix("public def ") else { continue };
                assert_eq!(lines[at - 1], " */", "{name}: no documentation above `{line}`");
                let start =
                    lines[..at].iter().rposition(|l| *l == "/**").expect("a block ends that began");
                let doc = &lines[start..at];
                assert!(
                    doc.iter().any(|l| l.starts_with(" * @return ")),
                    "{name}: no @return above `{line}`"
                );
                let documented: Vec<&str> = doc
                    .iter()
                    .filter_map(|l| l.strip_prefix(" * @param "))
                    .filter_map(|l| l.split_whitespace().next())
                    .collect();
                let (_, rest) = signature.split_once('(').expect("a parameter list");
                let (list, _) = rest.split_once(')').expect("a closed parameter list");
                let parameters: Vec<&str> =
                    list.split(',').map(str::trim).filter(|p| !p.is_empty()).collect();
                assert_eq!(documented, parameters, "{name}: parameters of `{line}`");
            }
        }
    }
}
