//! Variables of running calls and blocks.

use super::Round;
use crate::program::{LocalId, ScopeId};
use crate::value::{ActivationId, Value};
use rustc_hash::FxHashMap;

/// The variables of one run of a scope.
#[derive(Debug)]
struct Activation {
    parent: Option<ActivationId>,
    /// In the order of their ids, which is that of their definition.
    variables: Vec<(LocalId, Value)>,
}

impl Activation {
    /// Where a variable is, or else belongs.
    fn index(&self, local: LocalId) -> Result<usize, usize> {
        self.variables.binary_search_by_key(&local, |(known, _)| *known)
    }
}

/// All activations of a round. They live as long as the round, because functions may hold them.
#[derive(Debug, Default)]
pub(super) struct Activations {
    all: Vec<Activation>,
    /// The most recent activation of each scope of each text: where functions that come from state
    /// or from neighbours find their free variables.
    latest: FxHashMap<(u64, ScopeId), ActivationId>,
}

impl Activations {
    fn get(&self, id: ActivationId) -> Option<&Activation> {
        self.all.get(id.0 as usize)
    }

    /// The value of a variable, seen from an activation.
    pub(super) fn read(&self, from: Option<ActivationId>, local: LocalId) -> Option<&Value> {
        let mut next = from;
        while let Some(activation) = next.and_then(|id| self.get(id)) {
            if let Ok(index) = activation.index(local) {
                return activation.variables.get(index).map(|(_, value)| value);
            }
            next = activation.parent;
        }
        None
    }

    /// Changes a variable that exists.
    pub(super) fn assign(
        &mut self,
        from: Option<ActivationId>,
        local: LocalId,
        value: Value,
    ) -> bool {
        let mut next = from;
        while let Some(activation) = next.and_then(|id| self.all.get_mut(id.0 as usize)) {
            if let Ok(index) = activation.index(local)
                && let Some((_, slot)) = activation.variables.get_mut(index)
            {
                *slot = value;
                return true;
            }
            next = activation.parent;
        }
        false
    }

    /// A new activation that no scope of the text knows.
    pub(super) fn open(&mut self, parent: Option<ActivationId>) -> ActivationId {
        let id = ActivationId(self.all.len() as u32);
        self.all.push(Activation { parent, variables: Vec::new() });
        id
    }

    /// Forgets which activation of each scope is the most recent one.
    pub(super) fn forget_latest(&mut self) {
        self.latest.clear();
    }

    /// Gives a variable of this very activation a value.
    pub(super) fn define(&mut self, id: ActivationId, local: LocalId, value: Value) {
        let Some(activation) = self.all.get_mut(id.0 as usize) else { return };
        match activation.index(local) {
            Ok(index) => {
                if let Some((_, slot)) = activation.variables.get_mut(index) {
                    *slot = value;
                }
            }
            Err(index) => activation.variables.insert(index, (local, value)),
        }
    }
}

impl Round<'_> {
    /// Enters a scope of the running text: new variables below `parent`.
    pub(super) fn activate(
        &mut self,
        scope: ScopeId,
        parent: Option<ActivationId>,
    ) -> ActivationId {
        let id = self.activations.open(parent);
        self.activations.latest.insert((self.unit.fingerprint, scope), id);
        self.current = Some(id);
        id
    }

    /// The most recent activation of a scope, or of the nearest one around it that has any.
    pub(super) fn latest(
        &self,
        unit: u64,
        scopes: &[Option<ScopeId>],
        scope: ScopeId,
    ) -> Option<ActivationId> {
        let mut next = Some(scope);
        while let Some(scope) = next {
            if let Some(id) = self.activations.latest.get(&(unit, scope)) {
                return Some(*id);
            }
            // Compiled code may have run this very scope without a record.
            next =
                if self.compiled { None } else { scopes.get(scope.0 as usize).copied().flatten() };
        }
        None
    }
}
