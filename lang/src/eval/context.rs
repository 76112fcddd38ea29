//! `self` and `env`.

use super::{Fault, Round, neighbors::no_position};
use crate::diag::DiagCode;
use crate::natives::no_such_overload;
use crate::value::Value;
use std::sync::Arc;

/// Most names of an environment.
const MAX_NAMES: usize = 10_000;

impl Round<'_> {
    /// A method of this device; nothing if only values in general have it.
    pub(super) fn context_method(
        &mut self,
        name: &Arc<str>,
        args: &[Value],
    ) -> Result<Option<Value>, Fault> {
        if self.program.options.is_host_function(name) {
            return Ok(Some(self.act(name, args.to_vec())));
        }
        if !args.is_empty() {
            return self.unknown_context_method(name, args);
        }
        let id = self.input.id.clone();
        let value = match &**name {
            "getDeviceUID" => Value::Uid(id),
            "getCurrentTime" => Value::Number(self.input.now),
            "getDeltaTime" => Value::Number(self.input.delta),
            "nextRandomDouble" => Value::Number(self.next_random()),
            "getExecutionEnvironment" => Value::Environment,
            "nbrRange" | "nbrLag" | "nbrDelay" | "nbrVector" => self.neighbor_sensor(name)?,
            "getCoordinates" | "getDevicePosition" => {
                let position = self.input.position.ok_or_else(|| no_position(name))?;
                Value::tuple(position.iter().map(|x| Value::Number(*x)).collect())
            }
            _ => return self.unknown_context_method(name, args),
        };
        Ok(Some(value))
    }

    fn unknown_context_method(&self, name: &str, args: &[Value]) -> Result<Option<Value>, Fault> {
        // What every device has, this one or another.
        let common = ["toString", "equals", "hashCode", "compareTo", "getId", "getUID", "getUid"];
        if common.contains(&name) {
            return Ok(None);
        }
        let host = self.program.options.host_functions.join(", ");
        Err(no_such_overload("the execution context", name, args).help(format!(
            "`self` has getDeviceUID, getCurrentTime, getDeltaTime, nextRandomDouble, \
             getExecutionEnvironment, nbrRange, nbrVector, nbrLag, nbrDelay, getCoordinates; \
             this host adds {}",
            if host.is_empty() { "nothing" } else { &host }
        )))
    }

    /// A method of `env`.
    pub(super) fn environment_method(
        &mut self,
        name: &str,
        args: &[Value],
    ) -> Result<Option<Value>, Fault> {
        let value = match (name, args) {
            ("has", [key]) => Value::Bool(self.environment().contains_key(&*key_text(key)?)),
            ("get", [key]) => {
                self.environment().get(&*key_text(key)?).map_or(Value::Null, Value::unshared)
            }
            ("get", [key, default]) => {
                let held = self.environment().get(&*key_text(key)?);
                held.map_or_else(|| default.clone(), Value::unshared)
            }
            ("put", [key, value]) if matches!(value, Value::Field(_)) || value.hides_field() => {
                let message = format!("a field cannot be put into the environment as \"{key}\"");
                return Err(Fault::new(DiagCode::FieldInEnvironment, message)
                    .help("reduce it with a hood first"));
            }
            ("put", [key, value]) => {
                let key = key_text(key)?;
                self.check_environment(&key)?;
                // A stored null would be no value at all [D15].
                let old = match value {
                    Value::Null => self.environment_mut().remove(&*key),
                    value => self.environment_mut().insert(key, value.detached()),
                };
                Value::Bool(old.is_some())
            }
            ("remove", [key]) => {
                self.environment_mut().remove(&*key_text(key)?).unwrap_or(Value::Null)
            }
            ("keySet", []) => Value::Set(Arc::new(
                self.environment().keys().map(|key| Value::Text(key.clone())).collect(),
            )),
            ("toString" | "equals" | "hashCode", _) => return Ok(None),
            _ => {
                return Err(no_such_overload("the execution environment", name, args)
                    .help("`env` has has, get, put, remove and keySet"));
            }
        };
        Ok(Some(value))
    }

    /// Refuses one more name than an environment may have.
    fn check_environment(&self, key: &str) -> Result<(), Fault> {
        let environment = self.environment();
        if environment.len() < MAX_NAMES || environment.contains_key(key) {
            return Ok(());
        }
        let message = format!("the environment has {MAX_NAMES} names; \"{key}\" is one too many");
        Err(Fault::new(DiagCode::ValueTooLarge, message).help(
            "is a new name made in every round? remove what is not needed: `env.remove(name)`",
        ))
    }
}

fn key_text(key: &Value) -> Result<Arc<str>, Fault> {
    match key {
        Value::Text(text) => Ok(text.clone()),
        other => Err(Fault::new(
            DiagCode::EnvironmentName,
            format!(
                "the name of an environment value must be a text, found {other} ({})",
                other.kind()
            ),
        )
        .help("write it in quotes: `env.get(\"name\")`")),
    }
}
