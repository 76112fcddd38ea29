//! What a module can see: its own functions, imports, and what is imported automatically.

use super::modules::Loader;
use crate::diag::{DiagCode, Diagnostic, Severity, nearest};
use crate::natives::{self, AUTOMATIC, Member, Native};
use crate::program::FunctionId;
use crate::source::Span;
use crate::syntax::ast::{Import, ImportKind, Module};
use crate::value::Value;
use rustc_hash::FxHashMap;
use std::sync::Arc;

/// What a global name means.
#[derive(Clone, Debug)]
pub(super) enum Binding {
    /// A definition and its number of parameters.
    Function(FunctionId, usize),
    Native(&'static Native),
    Constant(Value),
    /// A function of the host.
    Host(Arc<str>),
    /// What an import names that does not exist: reported there, so uses are silent.
    Missing,
}

impl From<Member> for Binding {
    fn from(member: Member) -> Self {
        match member {
            Member::Function(native) => Self::Native(native),
            Member::Constant(value) => Self::Constant(value),
        }
    }
}

/// Names that imports bind; earlier ones win.
pub(super) type Visible = FxHashMap<Arc<str>, Binding>;

impl Loader<'_> {
    /// Own functions, then Protelis imports in order, then explicit class imports. Automatic
    /// imports are looked up when everything else fails.
    pub(super) fn visible_names(&mut self, index: usize, ast: &Module, dialect: bool) -> Visible {
        let mut visible = Visible::default();
        self.lost_imports = false;
        if let Some(module) = self.modules.get(index) {
            for decl in &module.decls {
                let binding = Binding::Function(decl.id, decl.arity);
                visible.entry(decl.name.clone()).or_insert(binding);
            }
        }
        for import in ast.imports.iter().filter(|i| matches!(i.kind, ImportKind::Module)) {
            self.import_module(import, &mut visible);
        }
        for import in &ast.imports {
            match &import.kind {
                ImportKind::Module => {}
                ImportKind::ClassAll => self.import_class(import, dialect, &mut visible),
                ImportKind::ClassMember { member, alias } => {
                    let name = alias.as_ref().map_or(member, |alias| &alias.text);
                    if let Some(binding) = self.import_member(import, member, dialect) {
                        visible.entry(name.clone()).or_insert(binding);
                    }
                }
            }
        }
        visible
    }

    fn import_module(&mut self, import: &Import, visible: &mut Visible) {
        let Some(index) = self.module(&import.path) else {
            self.unknown_module(&import.path, &import.span);
            self.lost_imports = true;
            return;
        };
        self.mark_used(index);
        let decls = self.modules.get(index).map(|m| m.decls.as_slice()).unwrap_or_default();
        for decl in decls.iter().filter(|d| d.public) {
            let binding = Binding::Function(decl.id, decl.arity);
            visible.entry(decl.name.clone()).or_insert(binding);
        }
    }

    pub(super) fn unknown_module(&mut self, name: &str, span: &Span) {
        let message = format!("resource not found: there is no ProtelisModule `{name}`");
        let known = self.options.modules.names();
        let near = nearest(name, known.iter().map(String::as_str));
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                "a module `a:b:c` is the file a/b/c.pt under a folder of the search path".to_owned()
            }
        };
        self.findings.push(Diagnostic::error(DiagCode::UnknownModule, span, message).help(help));
    }

    fn import_class(&mut self, import: &Import, dialect: bool, visible: &mut Visible) {
        if natives::has_class(&import.path) {
            for name in natives::members(&import.path) {
                if let Some(member) = natives::member(&import.path, name) {
                    visible.entry(Arc::from(name)).or_insert_with(|| member.into());
                }
            }
        } else if dialect {
            self.findings.push(Diagnostic {
                severity: Severity::Notice,
                ..Diagnostic::warning(
                    DiagCode::ClassIgnored,
                    &import.span,
                    format!("the class `{}` is not known; nothing is imported", import.path),
                )
                .help("methods of values need no import")
            });
        } else {
            self.unknown_class(import);
        }
    }

    fn unknown_class(&mut self, import: &Import) {
        let message = format!("the class `{}` does not exist here", import.path);
        let written = import.span.text().trim_start_matches("import").trim();
        let module = written.trim_end_matches(".*").replace('.', ":");
        let is_module = self.options.modules.module(&module).is_some();
        let help = match nearest(&import.path, natives::classes()) {
            _ if is_module => format!("a module is imported with colons: `import {module}`"),
            Some(near) => format!("did you mean `{near}`?"),
            None => "known are java.lang.Math, java.lang.Double, org.protelis.Builtins and others; functions of the host need no class".to_owned(),
        };
        self.findings
            .push(Diagnostic::error(DiagCode::UnknownClass, &import.span, message).help(help));
    }

    fn import_member(
        &mut self,
        import: &Import,
        member: &Arc<str>,
        dialect: bool,
    ) -> Option<Binding> {
        if let Some(found) = natives::member(&import.path, member) {
            return Some(found.into());
        }
        if self.options.is_host_function(member) {
            return Some(Binding::Host(member.clone()));
        }
        let is_method = natives::methods::is_method(member);
        if dialect && !natives::has_class(&import.path) && is_method {
            // Methods need no import; `#contains(a, b)` finds them on the value.
            return None;
        }
        if !natives::has_class(&import.path) {
            self.unknown_class(import);
            return Some(Binding::Missing);
        }
        let message = format!("`{member}` does not exist in {}", import.path);
        let help = match nearest(member, natives::members(&import.path)) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it has: {}", natives::members(&import.path).join(", ")),
        };
        self.findings
            .push(Diagnostic::error(DiagCode::UnknownMember, &import.span, message).help(help));
        Some(Binding::Missing)
    }
}

/// A name that is visible without any import.
pub(super) fn automatic(name: &str) -> Option<Binding> {
    AUTOMATIC.iter().find_map(|class| natives::member(class, name)).map(Binding::from)
}
