//! The library as a book: modules, functions, what is written above them.

use crate::{module, modules};

/// A function of the library.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LibraryFunction {
    /// The module that it is in.
    pub module: &'static str,
    /// Its name.
    pub name: &'static str,
    /// Name and parameters: `distanceTo(source)`.
    pub signature: &'static str,
    /// The comment above it, with its marks.
    comment: &'static str,
    /// Its text.
    pub text: &'static str,
}

impl LibraryFunction {
    /// The module with the name: `protelis:coord:spreading.distanceTo`.
    pub fn full_name(&self) -> String {
        format!("{}.{}", self.module, self.name)
    }

    /// Its documentation, line by line.
    pub fn documentation(&self) -> String {
        unmarked(self.comment)
    }

    /// The first sentence of its documentation.
    pub fn headline(&self) -> String {
        headline(&self.documentation())
    }
}

/// The documentation of a library module; empty for one that is not there.
pub fn module_documentation(name: &str) -> String {
    let text = module(name).unwrap_or("");
    let end = text.find("*/").map_or(0, |at| at + 2);
    unmarked(text.get(..end).unwrap_or(""))
}

/// The first sentence of a documentation.
pub fn headline(documentation: &str) -> String {
    let mut line = String::new();
    for next in documentation.lines().take_while(|line| !line.is_empty()) {
        if next.starts_with('@') {
            break;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line += next;
        if let Some(end) = line.find(". ").or_else(|| line.ends_with('.').then(|| line.len() - 1)) {
            line.truncate(end + 1);
            break;
        }
    }
    line
}

/// The public functions of a library module, in the order of its text.
pub fn functions(module_name: &str) -> Vec<LibraryFunction> {
    const PUBLIC: &str = "public def ";
    let Some((module, text)) = modules().find(|(name, _)| *name == module_name) else {
        return Vec::new();
    };
    // Lines that begin something: a comment or a definition.
    let mut marks: Vec<usize> = Vec::new();
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        if ["/*", PUBLIC, "def "].iter().any(|start| line.starts_with(start)) {
            marks.push(at);
        }
        at += line.len();
    }
    marks.push(text.len());
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or("").trim_end();
    let mut comment = "";
    let mut found = Vec::new();
    for pair in marks.windows(2) {
        let [from, to] = pair else { continue };
        let part = part(*from, *to);
        if let Some(rest) = part.strip_prefix(PUBLIC) {
            let end = rest.find(')').map_or(0, |at| at + 1);
            let signature = rest.get(..end).unwrap_or("");
            let name = signature.split('(').next().unwrap_or("");
            found.push(LibraryFunction { module, name, signature, comment, text: part });
        }
        comment = if part.starts_with("/**") { part } else { "" };
    }
    found
}

/// All public functions, by module.
pub fn all_functions() -> Vec<LibraryFunction> {
    modules().flat_map(|(name, _)| functions(name)).collect()
}

/// The functions that are meant by a name: `distanceTo`, `spreading.distanceTo`, or with the whole
/// module before a dot or a colon.
pub fn find_functions(name: &str) -> Vec<LibraryFunction> {
    let (module, function) = match name.rsplit_once(['.', ':']) {
        Some((module, function)) => (Some(module), function),
        None => (None, name),
    };
    let meant = |found: &LibraryFunction| {
        found.name == function && module.is_none_or(|module| ends_with(found.module, module))
    };
    all_functions().into_iter().filter(meant).collect()
}

/// The modules that are meant by a name: the whole one, or its last parts.
pub fn find_modules(name: &str) -> Vec<&'static str> {
    if let Some((exact, _)) = modules().find(|(known, _)| *known == name) {
        return vec![exact];
    }
    modules().map(|(known, _)| known).filter(|known| ends_with(known, name)).collect()
}

fn ends_with(module: &str, end: &str) -> bool {
    module.strip_suffix(end).is_some_and(|before| before.is_empty() || before.ends_with(':'))
}

/// The nearest name of a function or module to one that is neither.
pub fn nearest(name: &str) -> Option<String> {
    let function = name.rsplit(['.', ':']).next().unwrap_or(name);
    let functions = all_functions().into_iter().map(|found| (found.name, function));
    let modules = modules().map(|(known, _)| (known, name));
    let near = |(known, wanted): (&str, &str)| {
        let (known_small, wanted) = (known.to_lowercase(), wanted.to_lowercase());
        (strsim::damerau_levenshtein(&known_small, &wanted), known.to_owned())
    };
    let nearest = functions.chain(modules).map(near).min();
    nearest.filter(|(distance, known)| *distance <= known.len() / 2).map(|(_, known)| known)
}

/// A comment without its marks.
fn unmarked(comment: &str) -> String {
    let inside = comment.trim_start_matches('/').trim_start_matches('*').trim_end_matches("*/");
    let line = |line: &str| {
        let line = line.trim();
        line.strip_prefix("* ")
            .or_else(|| line.strip_prefix('*'))
            .unwrap_or(line)
            .trim_end()
            .to_owned()
    };
    let lines: Vec<String> = inside.lines().map(line).collect();
    lines.join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_are_found_with_their_documentation_and_text() {
        let found = find_functions("distanceTo");
        let [function] = found.as_slice() else { panic!("{found:?}") };
        assert_eq!(function.full_name(), "protelis:coord:spreading.distanceTo");
        assert_eq!(function.signature, "distanceTo(source)");
        assert_eq!(function.headline(), "Distance to the nearest source.");
        assert!(function.documentation().ends_with("infinite where no source is within reach"));
        assert_eq!(
            function.text,
            "public def distanceTo(source) = distanceToWithMetric(source, nbrRange)"
        );
        for name in ["spreading.distanceTo", "protelis:coord:spreading:distanceTo"] {
            assert_eq!(find_functions(name), found, "{name}");
        }
        assert_eq!(find_functions("time.distanceTo"), []);
        // What follows a function, private or documented, is not a part of it.
        assert!(find_functions("leastUpperBound")[0].text.ends_with("(myId, outbound, nodes)"));
    }

    #[test]
    fn every_public_function_is_there_and_documented() {
        let all = all_functions();
        for (name, text) in modules() {
            let count = text.lines().filter(|line| line.starts_with("public def ")).count();
            assert_eq!(functions(name).len(), count, "{name}");
            assert!(!headline(&module_documentation(name)).is_empty(), "{name}");
        }
        for function in &all {
            assert!(function.headline().len() > 5, "{}", function.full_name());
        }
    }

    #[test]
    fn names_that_are_meant_are_near() {
        assert_eq!(nearest("distancTo").as_deref(), Some("distanceTo"));
        assert_eq!(nearest("protelis:coord:spreadin").as_deref(), Some("protelis:coord:spreading"));
        assert_eq!(nearest("qqqqqqqqqqqqqqqqqqqqqq"), None);
        assert_eq!(find_modules("spreading"), ["protelis:coord:spreading"]);
        assert_eq!(find_modules("time").len(), 2);
    }
}
