//! Random programs that are mostly well formed: typed expressions from a sequence of bytes.
//!
//! Each byte decides one choice, and where none is left the first choice is taken, which is a leaf. So
//! a shorter sequence is a smaller program, and proptest shrinks programs by shrinking bytes.

use std::fmt::Write as _;

/// What an expression is of. A field type is the type of its elements, with [`Type::is_field`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Type {
    Number,
    Bool,
    /// A tuple of two numbers.
    Pair,
    /// A tuple of any number of numbers.
    List,
    Text,
    Numbers,
    Bools,
    Pairs,
}

impl Type {
    const LOCAL: [Self; 5] = [Self::Number, Self::Bool, Self::Pair, Self::List, Self::Text];
    const FIELDS: [Self; 3] = [Self::Numbers, Self::Bools, Self::Pairs];

    fn is_field(self) -> bool {
        Self::FIELDS.contains(&self)
    }

    fn field(self) -> Self {
        match self {
            Self::Bool => Self::Bools,
            Self::Pair => Self::Pairs,
            _ => Self::Numbers,
        }
    }
}

struct Variable {
    name: String,
    of: Type,
    /// Whether a program may assign to it: not to a field that others may read elsewhere.
    assignable: bool,
}

struct Definition {
    name: String,
    params: Vec<Type>,
    of: Type,
}

/// Deepest nesting of expressions.
const DEPTH: u32 = 7;

pub(super) struct Grammar<'b> {
    bytes: &'b [u8],
    variables: Vec<Variable>,
    definitions: Vec<Definition>,
    names: u32,
    depth: u32,
    /// Inside a function that runs once for each element: no communication, no state.
    pure: bool,
}

/// The text of a program.
pub(super) fn program(bytes: &[u8]) -> String {
    let mut grammar = Grammar {
        bytes,
        variables: Vec::new(),
        definitions: Vec::new(),
        names: 0,
        depth: 0,
        pure: false,
    };
    let mut text = String::new();
    for _ in 0..grammar.pick(3) {
        text.push_str(&grammar.definition());
    }
    let of = grammar.any_type();
    let body = grammar.block(of);
    text + &body + "\n"
}

impl Grammar<'_> {
    fn byte(&mut self) -> u8 {
        let Some((first, rest)) = self.bytes.split_first() else { return 0 };
        self.bytes = rest;
        *first
    }

    /// A choice of `n`.
    fn pick(&mut self, n: usize) -> usize {
        usize::from(self.byte()) % n
    }

    fn name(&mut self, prefix: &str) -> String {
        self.names += 1;
        format!("{prefix}{}", self.names)
    }

    fn local_type(&mut self) -> Type {
        Type::LOCAL[self.pick(Type::LOCAL.len())]
    }

    fn any_type(&mut self) -> Type {
        match self.pick(4) {
            3 if !self.pure => Type::FIELDS[self.pick(Type::FIELDS.len())],
            _ => self.local_type(),
        }
    }

    fn definition(&mut self) -> String {
        let name = self.name("f");
        let params: Vec<(String, Type)> =
            (0..self.pick(3)).map(|_| (self.name("p"), self.any_type())).collect();
        let of = self.any_type();
        let outside = std::mem::take(&mut self.variables);
        for (name, of) in &params {
            let assignable = !of.is_field();
            self.variables.push(Variable { name: name.clone(), of: *of, assignable });
        }
        let body = self.block(of);
        self.variables = outside;
        let names: Vec<&str> = params.iter().map(|(name, _)| name.as_str()).collect();
        let text = format!("def {name}({}) {{ {body} }}\n", names.join(", "));
        let params = params.into_iter().map(|(_, of)| of).collect();
        self.definitions.push(Definition { name, params, of });
        text
    }

    /// Statements of which the last has the type.
    fn block(&mut self, of: Type) -> String {
        let visible = self.variables.len();
        let mut text = String::new();
        for _ in 0..self.pick(4) {
            let statement = self.statement();
            let _ = writeln!(text, "{statement}");
        }
        let value = self.expr(of);
        self.variables.truncate(visible);
        text + &value
    }

    fn statement(&mut self) -> String {
        match self.pick(8) {
            5 => {
                let assignable: Vec<(String, Type)> = self
                    .variables
                    .iter()
                    .filter(|v| v.assignable)
                    .map(|v| (v.name.clone(), v.of))
                    .collect();
                if assignable.is_empty() {
                    return "1;".to_owned();
                }
                let (name, of) = assignable[self.pick(assignable.len())].clone();
                format!("{name} = {};", self.expr(of))
            }
            6 => {
                let visible = self.variables.len();
                let (condition, inside) = (self.expr(Type::Bool), self.statement());
                self.variables.truncate(visible);
                format!("if ({condition}) {{ {inside} }};")
            }
            7 => match self.pick(3) {
                0 => format!("env.put(\"kept\", {});", self.expr(Type::Number)),
                1 => format!("self.stopService({});", self.expr(Type::Number)),
                _ => format!("{};", self.expr(Type::Number)),
            },
            _ => {
                let of = self.any_type();
                let value = self.expr(of);
                let name = self.name("v");
                let assignable = !of.is_field();
                self.variables.push(Variable { name: name.clone(), of, assignable });
                format!("let {name} = {value};")
            }
        }
    }

    fn expr(&mut self, of: Type) -> String {
        self.depth += 1;
        let text = match self.byte() {
            // Something else than what is meant, now and then: the round fails, or one branch of it.
            251.. => {
                let of = self.local_type();
                self.plain(of)
            }
            _ if self.depth >= DEPTH => self.leaf(of),
            _ => self.plain(of),
        };
        self.depth -= 1;
        text
    }

    fn variable(&mut self, of: Type) -> Option<String> {
        let known: Vec<String> =
            self.variables.iter().filter(|v| v.of == of).map(|v| v.name.clone()).collect();
        let count = known.len();
        if count == 0 { None } else { Some(known[self.pick(count)].clone()) }
    }

    fn leaf(&mut self, of: Type) -> String {
        if let Some(name) = self.variable(of) {
            return name;
        }
        let pick = self.byte();
        let one = |list: &[&str]| list[usize::from(pick) % list.len()].to_owned();
        match of {
            Type::Number => one(&[
                "0",
                "1",
                "2.5",
                "-1",
                "env.get(\"n\")",
                "self.getDeviceUID().getId()",
                "NaN",
                "POSITIVE_INFINITY",
                "self.getDeltaTime()",
                "self.getCurrentTime()",
                "self.nextRandomDouble()",
                "-0",
                "env.get(\"kept\", 3)",
                "1e300",
                "[].size()",
                "7",
            ]),
            Type::Bool => one(&["true", "false", "env.get(\"b\")", "env.has(\"kept\")"]),
            Type::Pair => one(&["[1, 2]", "[0, 0]", "[NaN, 1]", "[1, 0 - 1]"]),
            Type::List => one(&["[]", "[1]", "[3, 1, 2]", "[1, 1]"]),
            Type::Text => one(&["\"a\"", "\"b\"", "env.get(\"t\")", "\"\""]),
            Type::Numbers if !self.pure => one(&[
                "nbr(1)",
                "self.nbrRange()",
                "self.nbrLag()",
                "nbr(env.get(\"n\"))",
                "nbr(self.getDeviceUID().getId())",
                "self.nbrDelay()",
            ]),
            Type::Bools if !self.pure => one(&["nbr(env.get(\"b\"))", "nbr(true)"]),
            Type::Pairs if !self.pure => {
                one(&["nbr([1, 2])", "self.nbrVector()", "nbr([self.getDeviceUID().getId(), 0])"])
            }
            // No field may be built here, and there is none: a local value does as well as any error.
            Type::Numbers => "1".to_owned(),
            Type::Bools => "true".to_owned(),
            Type::Pairs => "[1, 2]".to_owned(),
        }
    }

    fn plain(&mut self, of: Type) -> String {
        match (self.pick(12), of.is_field()) {
            (0 | 1, _) => self.leaf(of),
            (2, _) => self.call(of),
            (3, _) => {
                let (then, otherwise) = (self.block(of), self.block(of));
                // `if` may not give a field; that is an error now and then.
                let word = if of.is_field() && self.byte() < 250 { "mux" } else { "if" };
                let condition =
                    if of.is_field() && self.pick(2) == 1 { Type::Bools } else { Type::Bool };
                format!("({word} ({}) {{ {then} }} else {{ {otherwise} }})", self.expr(condition))
            }
            (4, false) if !self.pure => self.memory(of),
            (5, false) if !self.pure => self.memory(of),
            (4 | 5, true) if !self.pure && self.depth < DEPTH => {
                let local = match of {
                    Type::Bools => Type::Bool,
                    Type::Pairs => Type::Pair,
                    _ => Type::Number,
                };
                format!("nbr({})", self.expr(local))
            }
            _ => match of {
                Type::Number => self.number(),
                Type::Bool => self.boolean(),
                Type::Pair => self.pair(),
                Type::List => self.list(),
                Type::Text => format!("({} + {})", self.expr(Type::Text), self.leaf(Type::Number)),
                Type::Numbers => self.numbers(),
                Type::Bools => self.bools(),
                Type::Pairs => self.pairs(),
            },
        }
    }

    /// A call of a definition, or of a lambda on the spot or by a name.
    fn call(&mut self, of: Type) -> String {
        let known: Vec<usize> =
            (0..self.definitions.len()).filter(|i| self.definitions[*i].of == of).collect();
        if !known.is_empty() && !self.pure && self.pick(3) > 0 {
            let index = known[self.pick(known.len())];
            let (name, params) =
                (self.definitions[index].name.clone(), self.definitions[index].params.clone());
            let args: Vec<String> = params.into_iter().map(|of| self.expr(of)).collect();
            return format!("{name}({})", args.join(", "));
        }
        let (param, given) = (self.name("x"), self.local_type());
        let argument = self.expr(given);
        self.variables.push(Variable { name: param.clone(), of: given, assignable: true });
        let body = self.block(of);
        self.variables.pop();
        match self.pick(3) {
            0 => format!("({param} -> {{ {body} }})({argument})"),
            1 => format!("({param} -> {{ {body} }}).apply({argument})"),
            // Which function it is turns out in the round.
            _ => format!(
                "(mux ({}) {{ {{ {param} -> {body} }} }} else {{ {{ {param} -> {} }} }})({argument})",
                self.expr(Type::Bool),
                self.leaf(of)
            ),
        }
    }

    /// `rep` or `share`.
    fn memory(&mut self, of: Type) -> String {
        let (own, init) = (self.name("s"), self.expr(of));
        let visible = self.variables.len();
        self.variables.push(Variable { name: own.clone(), of, assignable: true });
        let shared = !matches!(of, Type::Text | Type::List) && self.pick(2) == 1;
        let head = if shared {
            let field = self.name("n");
            self.variables.push(Variable {
                name: field.clone(),
                of: of.field(),
                assignable: false,
            });
            format!("share ({own}, {field} <- {init})")
        } else if self.pick(8) == 7 {
            format!("share ({own}, {} <- {init})", self.name("n"))
        } else {
            format!("rep ({own} <- {init})")
        };
        let body = self.block(of);
        let yields = if self.pick(4) == 3 {
            format!(" yield {{ {} }}", self.expr(of))
        } else {
            String::new()
        };
        self.variables.truncate(visible);
        format!("{head} {{ {body} }}{yields}")
    }

    fn hood(&mut self, names: &[&str]) -> String {
        let name = names[self.pick(names.len())];
        let with_self = if self.pick(2) == 1 { " PlusSelf" } else { "" };
        format!("{name}Hood{with_self}")
    }

    fn number(&mut self) -> String {
        match self.pick(16) {
            0..3 => {
                let op = ["+", "-", "*", "/", "%", "^"][self.pick(6)];
                format!("({} {op} {})", self.expr(Type::Number), self.expr(Type::Number))
            }
            3 => format!("(-({}))", self.leaf(Type::Number)),
            4..8 => {
                let hood = self.hood(&["min", "max", "sum", "mean", "local"]);
                format!("{hood}({})", self.expr(Type::Numbers))
            }
            8 => format!("{}.get({})", self.expr(Type::Pair), self.pick(2)),
            9 => format!("{}.size()", self.expr(Type::List)),
            10 => {
                let native = ["abs", "floor", "sqrt", "sin", "round", "exp"][self.pick(6)];
                format!("{native}({})", self.expr(Type::Number))
            }
            11 => {
                let native = ["min", "max", "atan2", "pow"][self.pick(4)];
                format!("{native}({}, {})", self.expr(Type::Number), self.expr(Type::Number))
            }
            12 => {
                let fold = ["foldMin", "foldMax", "foldSum", "foldMean"][self.pick(4)];
                format!("{fold}({})", self.expr(Type::Numbers))
            }
            13 => {
                let word = ["hood", "hoodPlusSelf"][self.pick(2)];
                let (default, field) = (self.expr(Type::Number), self.expr(Type::Numbers));
                format!("{word}({{ a, b -> {} }}, {default}, {field})", self.reducer(&["a", "b"]))
            }
            14 => format!(
                "{}.reduce({}, {{ a, b -> {} }})",
                self.expr(Type::List),
                self.expr(Type::Number),
                self.reducer(&["a", "b"])
            ),
            _ => format!(
                "eval(\"{}\")",
                ["1 + 1", "rep (x <- 0) { x + 1 }", "sumHood(nbr(2))"][self.pick(3)]
            ),
        }
    }

    /// The body of a function that runs once for each element.
    fn reducer(&mut self, params: &[&str]) -> String {
        let (pure, outside) = (self.pure, self.variables.len());
        self.pure = true;
        for name in params {
            let name = (*name).to_owned();
            self.variables.push(Variable { name, of: Type::Number, assignable: false });
        }
        let body = self.expr(Type::Number);
        self.variables.truncate(outside);
        self.pure = pure;
        body
    }

    fn boolean(&mut self) -> String {
        match self.pick(8) {
            0..3 => {
                let of = self.local_type();
                let op = ["<", "<=", ">", ">=", "==", "!="][self.pick(6)];
                format!("({} {op} {})", self.expr(of), self.expr(of))
            }
            3 => format!("({} && {})", self.expr(Type::Bool), self.expr(Type::Bool)),
            4 => format!("({} || {})", self.expr(Type::Bool), self.expr(Type::Bool)),
            5 => format!("(!({}))", self.leaf(Type::Bool)),
            6 => format!("{}({})", self.hood(&["any", "all", "local"]), self.expr(Type::Bools)),
            _ => format!("{}.contains({})", self.expr(Type::List), self.expr(Type::Number)),
        }
    }

    fn pair(&mut self) -> String {
        match self.pick(5) {
            0 => format!("[{}, {}]", self.expr(Type::Number), self.expr(Type::Number)),
            1 | 2 => {
                let hood = self.hood(&["min", "max", "sum", "mean", "local"]);
                format!("{hood}({})", self.expr(Type::Pairs))
            }
            3 => {
                let op = ["+", "-", "*"][self.pick(3)];
                format!("({} {op} {})", self.expr(Type::Pair), self.expr(Type::Pair))
            }
            _ => format!(
                "{}.set({}, {})",
                self.expr(Type::Pair),
                self.pick(2),
                self.expr(Type::Number)
            ),
        }
    }

    fn list(&mut self) -> String {
        match self.pick(7) {
            0 => format!(
                "[{}, {}, {}]",
                self.leaf(Type::Number),
                self.leaf(Type::Number),
                self.leaf(Type::Number)
            ),
            1 => format!("{}.subTupleEnd(1)", self.expr(Type::List)),
            2 => format!("{}({})", self.hood(&["union"]), self.expr(Type::Numbers)),
            3 => format!("{}.map {{ it + {} }}", self.expr(Type::List), self.leaf(Type::Number)),
            4 => format!("{}.filter {{ it > {} }}", self.expr(Type::List), self.leaf(Type::Number)),
            5 => format!("{}.union({})", self.expr(Type::List), self.expr(Type::List)),
            _ => {
                // A key for each device of the neighbourhood, or one that some of them share.
                let key = ["self.getDeviceUID().getId()", "env.get(\"n\")", "7"][self.pick(3)];
                format!(
                    "alignedMap(nbr([[{key}, {}]]), (k, f) -> {{ true }}, (k, f) -> {{ {} }}, {}).map {{ it.get(1) }}",
                    self.expr(Type::Number),
                    [
                        "sumHood(f)",
                        "rep (x <- 0) { x + 1 }",
                        "sumHood(nbr(1))",
                        "minHood PlusSelf(f)"
                    ][self.pick(4)],
                    self.expr(Type::Number)
                )
            }
        }
    }

    fn numbers(&mut self) -> String {
        match self.pick(9) {
            0..3 => {
                let op = ["+", "-", "*", "/", "%"][self.pick(5)];
                let (a, b) = self.sides(Type::Numbers, Type::Number);
                format!("({a} {op} {b})")
            }
            3 => format!("{}.get({})", self.expr(Type::Pairs), self.pick(2)),
            4 => format!("abs({})", self.expr(Type::Numbers)),
            5 => format!("(-({}))", self.leaf(Type::Numbers)),
            6 => {
                let (a, b) = self.sides(Type::Numbers, Type::Number);
                format!("min({a}, {b})")
            }
            7 => {
                let (a, b) = self.sides(Type::Numbers, Type::Number);
                format!("mux ({}) {{ {a} }} else {{ {b} }}", self.expr(Type::Bools))
            }
            _ => format!("{}.get({})", self.expr(Type::Pair), self.leaf(Type::Numbers)),
        }
    }

    fn pairs(&mut self) -> String {
        match self.pick(3) {
            0 => {
                let (a, b) = self.sides(Type::Numbers, Type::Number);
                format!("[{a}, {b}]")
            }
            1 => {
                let (a, b) = self.sides(Type::Pairs, Type::Pair);
                format!("mux ({}) {{ {a} }} else {{ {b} }}", self.expr(Type::Bools))
            }
            _ => {
                let op = ["+", "-", "*"][self.pick(3)];
                let (a, b) = self.sides(Type::Pairs, Type::Pair);
                format!("({a} {op} {b})")
            }
        }
    }

    /// Two operands, the first or the second of which may be the same for all neighbours.
    fn sides(&mut self, field: Type, local: Type) -> (String, String) {
        match self.pick(3) {
            0 => (self.expr(field), self.expr(field)),
            1 => (self.expr(field), self.expr(local)),
            _ => (self.expr(local), self.expr(field)),
        }
    }

    fn bools(&mut self) -> String {
        match self.pick(5) {
            0..3 => {
                let op = ["<", "<=", ">", ">=", "==", "!="][self.pick(6)];
                let (a, b) = self.sides(Type::Numbers, Type::Number);
                format!("({a} {op} {b})")
            }
            3 => {
                let op = ["&&", "||"][self.pick(2)];
                let (a, b) = self.sides(Type::Bools, Type::Bool);
                format!("({a} {op} {b})")
            }
            _ => format!("(!({}))", self.leaf(Type::Bools)),
        }
    }
}
