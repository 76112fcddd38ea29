//! The bridge to the reference evaluator: natives, methods, and the parts that it walks.

use super::run::Reach;
use super::{Cell, Registers, Stuck};
use crate::eval::{Effects, Fault, Left, Round, RoundInput};
use crate::natives::methods;
use crate::neighbors::NeighborSource;
use crate::program::Program;
use crate::value::Value;
use crate::vm::code::{CallSite, Called, Captures, Place, Reg, Walked};

/// A round of the reference evaluator, made when it is needed.
pub(super) struct Bridge<'a> {
    program: &'a Program,
    input: &'a RoundInput<'a>,
    round: Option<Round<'a>>,
}

impl<'a> Bridge<'a> {
    pub(super) fn new(program: &'a Program, input: &'a RoundInput<'a>) -> Self {
        Self { program, input, round: None }
    }

    /// Does something in the reference evaluator, at a place of the program.
    pub(super) fn at<T>(
        &mut self,
        place: Place,
        effects: &mut Effects,
        f: impl FnOnce(&mut Round<'a>) -> Result<T, Fault>,
    ) -> Result<T, Stuck> {
        let (program, input) = (self.program, self.input);
        let round = self.round.get_or_insert_with(|| Round::compiled(program, input));
        std::mem::swap(&mut round.effects, effects);
        round.stand_at(place.path, place.depth);
        let result = f(round);
        std::mem::swap(&mut round.effects, effects);
        result.map_err(|_| Stuck)
    }

    /// What walked parts exported and kept.
    pub(super) fn left(&mut self) -> Option<Left> {
        self.round.take().filter(|round| !round.left_nothing()).map(Round::left)
    }
}

impl Registers {
    fn site<'a, S>(
        reach: &Reach<'_, 'a, S>,
        site: u16,
    ) -> Result<(&'a CallSite, &'a [Reg]), Stuck> {
        let site = reach.code.calls.get(usize::from(site)).ok_or(Stuck)?;
        let first = site.first as usize;
        let operands = reach.code.operands.get(first..first + usize::from(site.len));
        Ok((site, operands.ok_or(Stuck)?))
    }

    pub(super) fn native<S: NeighborSource>(
        &mut self,
        to: Reg,
        site: u16,
        reach: &mut Reach<'_, '_, S>,
    ) -> Result<(), Stuck> {
        let (site, operands) = Self::site(reach, site)?;
        let Called::Native(native) = site.what else { return Err(Stuck) };
        let whole = |i: usize| i < 8 && native.field_args & (1 << i) != 0;
        let lifts = operands
            .iter()
            .enumerate()
            .any(|(i, reg)| matches!(self.cell(*reg), Cell::Column(_)) && !whole(i));
        if !lifts {
            let mut row = self.values_of(operands, reach)?;
            let Reach { bridge, effects, .. } = reach;
            let result = bridge.at(site.place, effects, |round| {
                native.run(round, &row).and_then(|value| round.check_size(value))
            });
            row.clear();
            self.row = row;
            return self.put_local(to, result?);
        }
        // A field that is taken whole while another one is lifted is rare: not here.
        if operands.iter().enumerate().any(|(i, _)| whole(i)) {
            return Err(Stuck);
        }
        let Reach { bridge, effects, .. } = reach;
        let column = self.lifted(operands, |row| {
            bridge.at(site.place, effects, |round| native.run(round, row))
        })?;
        self.checked(column, reach)?;
        self.put_column(to, column);
        Ok(())
    }

    pub(super) fn method<S: NeighborSource>(
        &mut self,
        to: Reg,
        site: u16,
        reach: &mut Reach<'_, '_, S>,
    ) -> Result<(), Stuck> {
        let (site, operands) = Self::site(reach, site)?;
        let Called::Method(name) = &site.what else { return Err(Stuck) };
        let lifts = operands.iter().any(|reg| matches!(self.cell(*reg), Cell::Column(_)));
        if lifts {
            // What the device or the environment make of a field is rare: not here.
            let target = operands.first().map(|reg| self.cell(*reg));
            let special = match target {
                Some(Cell::Value(Value::Device(id))) => id == reach.input.id,
                Some(Cell::Value(Value::Environment)) | None => true,
                _ => false,
            };
            if special {
                return Err(Stuck);
            }
            let Reach { bridge, effects, .. } = reach;
            let column = self.lifted(operands, |row| match row {
                [target, args @ ..] => {
                    bridge.at(site.place, effects, |round| methods::call(round, target, name, args))
                }
                [] => Err(Stuck),
            })?;
            self.checked(column, reach)?;
            self.put_column(to, column);
            return Ok(());
        }
        let mut row = self.values_of(operands, reach)?;
        let Reach { bridge, effects, .. } = reach;
        let result = match row.as_slice() {
            [target, args @ ..] => bridge.at(site.place, effects, |round| {
                if let Some(value) = round.host_method(target, name, args)? {
                    return round.pay_for(&value).map(|()| value);
                }
                methods::call(round, target, name, args).and_then(|value| round.check_size(value))
            }),
            [] => Err(Stuck),
        };
        row.clear();
        self.row = row;
        self.put_local(to, result?)
    }

    pub(super) fn environment<S: NeighborSource>(
        &mut self,
        to: Reg,
        site: u16,
        reach: &mut Reach<'_, '_, S>,
    ) -> Result<(), Stuck> {
        let (site, operands) = Self::site(reach, site)?;
        let Called::Method(name) = &site.what else { return Err(Stuck) };
        // The most frequent one needs no detour.
        if let ("get" | "has", [key, default @ ..]) = (&**name, operands)
            && let Cell::Value(Value::Text(key)) = self.cell(*key)
            && default.len() <= 1
        {
            let input = reach.input;
            let environment = reach.effects.changed.as_ref().unwrap_or(input.environment);
            let held = environment.get(key);
            match (&**name, held) {
                ("get", Some(Value::Bool(b))) => {
                    self.put_bool(to, *b);
                    return Ok(());
                }
                ("get", Some(Value::Number(x))) => {
                    self.put_number(to, *x);
                    return Ok(());
                }
                _ => {}
            }
            let value = match (&**name, held, default) {
                ("has", held, []) => Some(Value::Bool(held.is_some())),
                ("get", Some(held), _) => Some(held.unshared()),
                ("get", None, []) => Some(Value::Null),
                _ => None,
            };
            if let Some(value) = value {
                self.check_value(&value, reach)?;
                return self.put_local(to, value);
            }
        }
        let mut row = self.values_of(operands, reach)?;
        let Reach { bridge, effects, .. } = reach;
        let result = bridge.at(site.place, effects, |round| {
            if let Some(value) = round.host_method(&Value::Environment, name, &row)? {
                return round.pay_for(&value).map(|()| value);
            }
            methods::call(round, &Value::Environment, name, &row)
                .and_then(|value| round.check_size(value))
        });
        row.clear();
        self.row = row;
        self.put_local(to, result?)
    }

    pub(super) fn env_or_atom<S>(
        &mut self,
        to: Reg,
        name: Reg,
        reach: &mut Reach<'_, '_, S>,
    ) -> Result<(), Stuck> {
        let Cell::Value(value @ Value::Text(name)) = self.cell(name) else { return Err(Stuck) };
        let environment = reach.effects.changed.as_ref().unwrap_or(reach.input.environment);
        let value = environment.get(name).map_or_else(|| value.clone(), Value::unshared);
        self.check_value(&value, reach)?;
        self.put_local(to, value)
    }

    pub(super) fn act<S: NeighborSource>(
        &mut self,
        to: Reg,
        site: u16,
        reach: &mut Reach<'_, '_, S>,
    ) -> Result<(), Stuck> {
        let (site, operands) = Self::site(reach, site)?;
        let Called::Host(name) = &site.what else { return Err(Stuck) };
        let args = self.values_of(operands, reach)?;
        let Reach { bridge, effects, .. } = reach;
        let value = bridge.at(site.place, effects, |round| Ok(round.request(name, args)))?;
        self.put(to, Cell::Value(value));
        Ok(())
    }

    /// `hood(reducer, default, field)`: the default only counts when nobody is there [K13].
    pub(super) fn fold_with<S: NeighborSource>(
        &mut self,
        to: Reg,
        site: u16,
        reach: &mut Reach<'_, '_, S>,
    ) -> Result<(), Stuck> {
        let (site, operands) = Self::site(reach, site)?;
        let (Called::Hood { plus_self }, [field, default, reducer]) = (&site.what, operands) else {
            return Err(Stuck);
        };
        let Cell::Column(column) = *self.cell(*field) else { return Err(Stuck) };
        let Cell::Value(reducer) = self.cell(*reducer).clone() else { return Err(Stuck) };
        let own = self.columns.neighbors();
        let mut result = None;
        for lane in 0..self.columns.lanes() {
            let counts =
                if lane == own { *plus_self } else { self.columns.is_in(column.mask, lane) };
            if !counts {
                continue;
            }
            let value = self.columns.value(column.data, lane);
            result = Some(match result {
                None => value,
                Some(before) => {
                    let Reach { bridge, effects, .. } = reach;
                    bridge.at(site.place, effects, |round| {
                        Round::checked(round.apply(&reducer, vec![before, value]))
                    })?
                }
            });
        }
        let cell = match result {
            Some(value) => self.cell_of(value, reach)?,
            None => self.cell(*default).clone(),
        };
        self.put(to, cell);
        Ok(())
    }

    fn captured<S: NeighborSource>(
        &self,
        captures: &Captures,
        reach: &Reach<'_, '_, S>,
    ) -> Result<Vec<(crate::program::LocalId, Value)>, Stuck> {
        captures.iter().map(|(local, reg)| Ok((*local, self.value_of(*reg, reach)?))).collect()
    }

    pub(super) fn close<S: NeighborSource>(
        &mut self,
        to: Reg,
        site: u16,
        reach: &mut Reach<'_, '_, S>,
    ) -> Result<(), Stuck> {
        let site = reach.code.closes.get(usize::from(site)).ok_or(Stuck)?;
        let variables = self.captured(&site.captures, reach)?;
        let nowhere = Place { path: crate::eval::Path::ROOT, depth: 0 };
        let Reach { bridge, effects, .. } = reach;
        let value = bridge
            .at(nowhere, effects, |round| Ok(round.close(site.function, variables.into_iter())))?;
        self.put(to, Cell::Value(value));
        Ok(())
    }

    pub(super) fn walk<S: NeighborSource>(
        &mut self,
        to: Reg,
        site: u16,
        reach: &mut Reach<'_, '_, S>,
    ) -> Result<(), Stuck> {
        let site = reach.code.walks.get(usize::from(site)).ok_or(Stuck)?;
        let variables = self.captured(&site.captures, reach)?;
        let given = match &site.walked {
            Walked::Expr(_) => Value::Unit,
            Walked::Call { target: reg, .. } | Walked::Share { init: reg, .. } => {
                self.value_of(*reg, reach)?
            }
        };
        let Reach { bridge, effects, .. } = reach;
        let (value, assigned) = bridge.at(site.place, effects, |round| {
            round.with_variables(variables.into_iter());
            let value = match &site.walked {
                Walked::Expr(expr) => round.walk(expr),
                Walked::Call { call, .. } => round.walk_call(given, call),
                Walked::Share { share, .. } => round.walk_share(given, share),
            }?;
            let now = |(local, reg): &(_, Reg)| (*reg, round.variable_now(*local).cloned());
            Ok((value, site.assigned.iter().map(now).collect::<Vec<_>>()))
        })?;
        // A function that holds on to a copy of a variable would miss its later changes.
        let holds = |value: &Value| !site.assigned.is_empty() && value.holds_activation();
        if holds(&value) {
            return Err(Stuck);
        }
        for (reg, now) in assigned {
            let now = now.filter(|now| !holds(now)).ok_or(Stuck)?;
            let cell = self.cell_of(now, reach)?;
            self.put(reg, cell);
        }
        let cell = self.cell_of(value, reach)?;
        self.put(to, cell);
        Ok(())
    }
}
