//! Lists of the host, the only mutable values.

use super::Value;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// A list that its own methods may change, as lists of the JVM do.
#[derive(Clone, Debug)]
pub struct List(Arc<Mutex<Vec<Value>>>);

impl List {
    /// A new list.
    pub fn new(items: Vec<Value>) -> Self {
        Self(Arc::new(Mutex::new(items)))
    }

    /// The items as they are now.
    pub fn snapshot(&self) -> Vec<Value> {
        self.lock().clone()
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Vec<Value>> {
        // A poisoned list holds whole values all the same.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
