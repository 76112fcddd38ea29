//! Loading: the main text, its modules, and what each of them can see.

use super::expr::BodyResolver;
use super::names::Binding;
use super::scope::DialectUse;
use super::{LoadOptions, stable_hash};
use crate::checks::Allowances;
use crate::diag::{DiagCode, Diagnostic, Severity};
use crate::program::{FunctionCode, FunctionId, LocalId, ScopeId, Unit};
use crate::source::{Source, Span};
use crate::syntax::ast::{FunctionDef, Module};
use crate::syntax::parse;
use crate::value::Arity;
use rustc_hash::{FxHashMap, FxHashSet};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Most modules of one program.
const MAX_MODULES: usize = 500;

/// Findings of one severity after which names are resolved silently.
const MAX_FINDINGS: usize = 100;

/// Most old words of one text that are listed with today's spelling.
const MAX_DIALECT_LINES: usize = 40;

/// A definition as far as callers need to know it.
pub(super) struct Decl {
    pub(super) name: Arc<str>,
    pub(super) arity: usize,
    pub(super) public: bool,
    pub(super) id: FunctionId,
    pub(super) span: Span,
    /// Another definition of the module has the same name.
    pub(super) twice: bool,
}

pub(super) struct LoadedModule {
    /// `?` for an unnamed program.
    pub(super) name: Arc<str>,
    pub(super) source: Arc<Source>,
    pub(super) decls: Vec<Decl>,
    /// Taken while its bodies are resolved.
    pub(super) ast: Module,
    /// Whether bodies are needed: modules that are only searched for suggestions are not.
    pub(super) used: bool,
}

pub(super) struct Loader<'a> {
    pub(super) options: &'a LoadOptions,
    pub(super) findings: &'a mut Vec<Diagnostic>,
    pub(super) modules: Vec<LoadedModule>,
    by_name: FxHashMap<Arc<str>, usize>,
    pub(super) codes: Vec<Option<FunctionCode>>,
    pub(super) scopes: Vec<Option<ScopeId>>,
    next_local: u32,
    main: Option<crate::program::Block>,
    pub(super) env_reads: BTreeSet<Arc<str>>,
    pub(super) lets: FxHashMap<LocalId, Span>,
    pub(super) allowances: Allowances,
    /// Whether the module that is resolved imports one that does not exist: names of that one are
    /// not known, and nothing is said about them.
    pub(super) lost_imports: bool,
}

impl<'a> Loader<'a> {
    pub(super) fn new(options: &'a LoadOptions, findings: &'a mut Vec<Diagnostic>) -> Self {
        Self {
            options,
            findings,
            modules: Vec::new(),
            by_name: FxHashMap::default(),
            codes: Vec::new(),
            scopes: Vec::new(),
            next_local: 0,
            main: None,
            env_reads: BTreeSet::new(),
            lets: FxHashMap::default(),
            allowances: Allowances::default(),
            lost_imports: false,
        }
    }

    /// Whether enough was found of this severity: more findings repeat these.
    pub(super) fn is_full(&self, severity: Severity) -> bool {
        self.findings.iter().filter(|d| d.severity == severity).count() >= MAX_FINDINGS
    }

    pub(super) fn new_local(&mut self) -> LocalId {
        self.next_local += 1;
        LocalId(self.next_local)
    }

    pub(super) fn new_scope(&mut self, parent: Option<ScopeId>) -> ScopeId {
        self.scopes.push(parent);
        ScopeId(self.scopes.len() as u32 - 1)
    }

    pub(super) fn new_function(&mut self) -> FunctionId {
        self.codes.push(None);
        FunctionId(self.codes.len() as u32 - 1)
    }

    /// Loads the program and resolves it and every module that it uses.
    pub(super) fn load_main(&mut self, source: &Arc<Source>) {
        let index = self.add(source, None);
        let mut next = index;
        while next < self.modules.len() {
            if self.modules.get(next).is_some_and(|m| m.used) {
                self.resolve_module(next, next == index);
            }
            next += 1;
            // A module that was only searched before may have come into use since.
            if next == self.modules.len() {
                let pending = |m: &LoadedModule| m.used && !m.ast.defs.is_empty();
                next = self.modules.iter().position(pending).unwrap_or(next);
            }
        }
    }

    /// The finished unit; meaningless if there were errors.
    pub(super) fn finish(mut self) -> (Unit, Allowances) {
        let allowances = std::mem::take(&mut self.allowances);
        let mut texts: Vec<(&str, &str)> = self
            .modules
            .iter()
            .filter(|m| m.used)
            .map(|m| (&*m.name, m.source.text.as_str()))
            .collect();
        // Modules in the order of their names: the order of imports does not matter.
        if let Some(modules) = texts.get_mut(1..) {
            modules.sort_unstable();
        }
        let parts: Vec<&str> = texts.iter().flat_map(|(name, text)| [*name, *text]).collect();
        let main = self.modules.first();
        let name = main.map_or("?", |m| if &*m.name == "?" { &m.source.name } else { &*m.name });
        let unit = Unit {
            name: name.to_owned(),
            fingerprint: stable_hash(&parts),
            // Unused modules leave holes only behind all ids that are in use or after an error.
            functions: self.codes.into_iter().map_while(|code| code).collect(),
            scopes: self.scopes,
            main: self.main,
            by_identity: FxHashMap::default(),
            env_reads: self.env_reads,
            lets: self.lets,
        };
        (unit, allowances)
    }

    /// Parses a text and declares its functions.
    fn add(&mut self, source: &Arc<Source>, expected: Option<&str>) -> usize {
        let ast = parse(source, self.findings);
        let name = match (&ast.name, expected) {
            (_, Some(expected)) => Arc::from(expected),
            (Some(name), None) => name.text.clone(),
            (None, None) => Arc::from("?"),
        };
        let index = self.modules.len();
        self.by_name.insert(name.clone(), index);
        self.modules.push(LoadedModule {
            name,
            source: source.clone(),
            decls: Vec::new(),
            ast,
            used: false,
        });
        if expected.is_none() {
            self.mark_used(index);
        }
        index
    }

    /// A module by name, loaded if need be.
    pub(super) fn module(&mut self, name: &str) -> Option<usize> {
        if let Some(index) = self.by_name.get(name) {
            return Some(*index);
        }
        if self.modules.len() >= MAX_MODULES {
            return None;
        }
        let source = self.options.modules.module(name)?;
        Some(self.add(&source, Some(name)))
    }

    /// Declares a module's functions; its bodies will be resolved.
    pub(super) fn mark_used(&mut self, index: usize) {
        let Some(module) = self.modules.get_mut(index) else { return };
        if std::mem::replace(&mut module.used, true) {
            return;
        }
        let mut decls: Vec<Decl> = Vec::new();
        let mut first_of: FxHashMap<Arc<str>, usize> = FxHashMap::default();
        let mut duplicates = Vec::new();
        for def in &module.ast.defs {
            let first = *first_of.entry(def.name.text.clone()).or_insert(decls.len());
            if let Some(first) = decls.get_mut(first) {
                first.twice = true;
                duplicates.push((def.name.clone(), first.span.clone()));
            }
            self.codes.push(None);
            decls.push(Decl {
                name: def.name.text.clone(),
                arity: def.params.len(),
                public: def.public,
                id: FunctionId(self.codes.len() as u32 - 1),
                span: def.name.span.clone(),
                twice: false,
            });
        }
        module.decls = decls;
        for (name, first) in duplicates {
            let message = format!("`{}` is defined twice in this module", name.text);
            self.findings.push(
                Diagnostic::error(DiagCode::DuplicateDefinition, &name.span, message)
                    .related(&first, "first defined here")
                    .help("rename one of them; functions cannot be overloaded"),
            );
        }
    }

    fn resolve_module(&mut self, index: usize, is_main: bool) {
        let Some(module) = self.modules.get_mut(index) else { return };
        let ast = std::mem::take(&mut module.ast);
        let name = module.name.clone();
        self.allowances.read(&ast.comments);
        let dialect = self.options.dialect || !ast.dialect.is_empty();
        let checkpoint = self.findings.len();
        let scopes = self.scopes.len();
        let functions = self.codes.len();
        let (mut uses, wants_dialect) = self.resolve_ast(index, &name, &ast, is_main, dialect);
        if wants_dialect && !dialect {
            self.findings.truncate(checkpoint);
            self.scopes.truncate(scopes);
            self.drop_lambdas(functions);
            (uses, _) = self.resolve_ast(index, &name, &ast, is_main, true);
        }
        if dialect || wants_dialect {
            self.dialect_notice(&ast, uses);
        }
    }

    /// Forgets the lambdas of a first attempt. Functions of modules that were declared meanwhile
    /// stay where they are; lambdas between them become dead code.
    fn drop_lambdas(&mut self, functions: usize) {
        let declared =
            self.modules.iter().flat_map(|m| &m.decls).map(|d| d.id.0 as usize + 1).max();
        self.codes.truncate(functions.max(declared.unwrap_or(0)));
    }

    fn resolve_ast(
        &mut self,
        index: usize,
        name: &Arc<str>,
        ast: &Module,
        is_main: bool,
        dialect: bool,
    ) -> (Vec<DialectUse>, bool) {
        let visible = self.visible_names(index, ast, dialect);
        let mut resolver = BodyResolver::new(self, index, visible, dialect);
        for (position, def) in ast.defs.iter().enumerate() {
            resolver.definition(name, position, def);
        }
        let main = match (&ast.main, is_main) {
            (Some(block), true) => Some(resolver.main(name, block)),
            _ => None,
        };
        let outcome = resolver.outcome();
        if is_main {
            self.main = main;
        }
        outcome
    }

    fn dialect_notice(&mut self, ast: &Module, uses: Vec<DialectUse>) {
        let parsed = ast.dialect.iter().map(|(span, today)| DialectUse {
            span: span.clone(),
            written: span.text().to_owned(),
            today: today.clone(),
        });
        let mut uses: Vec<DialectUse> = parsed.chain(uses).collect();
        uses.sort_by_key(|u| u.span.start);
        let Some(first) = uses.first() else { return };
        let mut lines: Vec<String> = Vec::new();
        let mut more = FxHashSet::default();
        for u in &uses {
            let line = format!("`{}` is now {}", u.written, u.today);
            if lines.contains(&line) {
                continue;
            }
            if lines.len() < MAX_DIALECT_LINES {
                lines.push(line);
            } else {
                more.insert(line);
            }
        }
        if !more.is_empty() {
            lines.push(format!("… and {} more", more.len()));
        }
        self.findings.push(Diagnostic {
            code: DiagCode::Dialect2015,
            severity: Severity::Notice,
            message: "this text is read in the 2015 dialect".to_owned(),
            span: Some(first.span.clone()),
            label: "first used here".to_owned(),
            related: Vec::new(),
            help: Some(lines.join("\n")),
            trace: None,
        });
    }

    /// The module of the library with a public function of this name, imported or not: the first
    /// one with so many parameters, else the first one.
    pub(super) fn find_in_library(&mut self, name: &str, params: Option<usize>) -> Option<usize> {
        let mut found = None;
        for module in self.options.modules.names() {
            let Some(index) = self.module(&module) else { continue };
            let Some(arity) = self.public_arity(index, name) else { continue };
            if params.is_none_or(|params| params == arity) {
                return Some(index);
            }
            found.get_or_insert(index);
        }
        found
    }

    fn public_arity(&self, module: usize, name: &str) -> Option<usize> {
        let module = self.modules.get(module)?;
        let declared = module.decls.iter().find(|d| d.public && *d.name == *name).map(|d| d.arity);
        let is_public = |d: &&FunctionDef| d.public && *d.name.text == *name;
        declared.or_else(|| module.ast.defs.iter().find(is_public).map(|d| d.params.len()))
    }

    /// A definition of a module, whose bodies are resolved from now on.
    pub(super) fn definition(&mut self, module: usize, name: &str, own: bool) -> Option<Binding> {
        self.mark_used(module);
        let decls = &self.modules.get(module)?.decls;
        let decl = decls.iter().find(|d| (own || d.public) && *d.name == *name)?;
        Some(Binding::Function(decl.id, decl.arity))
    }
}

/// The number of parameters as functions carry it; more than 127 were refused by the parser.
pub(super) fn arity(n: usize) -> Arity {
    Arity::Exactly(u8::try_from(n).unwrap_or(u8::MAX))
}
