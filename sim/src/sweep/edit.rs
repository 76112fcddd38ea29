//! Setting keys of a scenario by their paths.

use super::error::SweepError;
use super::plan::Point;
use crate::scenario::Scenario;
use std::path::Path;
use toml::{Table, Value};

impl Scenario {
    /// The text of a scenario with other values at some keys. `env.NAME` is set on every `[[node]]`
    /// and `[[group]]`; a path that leads through a list without a number holds for all of it.
    ///
    /// # Errors
    /// The text is no TOML, or a path leads through something that has no keys.
    pub fn edited(text: &str, params: &[(String, Value)]) -> Result<String, SweepError> {
        let mut table: Table = text.parse().map_err(|error: toml::de::Error| SweepError::Key {
            key: params.first().map_or_else(String::new, |(key, _)| key.clone()),
            cause: format!("the scenario is not TOML: {}", error.message()),
        })?;
        for (key, value) in params {
            let set = match key.strip_prefix("env.") {
                Some(name) => set_everywhere(&mut table, name, value),
                None => set(&mut table, &key.split('.').collect::<Vec<_>>(), value),
            };
            set.map_err(|cause| SweepError::Key { key: key.clone(), cause })?;
        }
        Ok(table.to_string())
    }

    /// The scenario of a text that stands in a file, with a setting.
    ///
    /// # Errors
    /// The text is wrong as it stands, or with the setting.
    pub fn with_setting(text: &str, file: &str, point: &Point) -> Result<Self, SweepError> {
        let wrong = |error| SweepError::Scenario(Box::new(error));
        // Mistakes of the file itself are shown where they stand.
        let at = Path::new(file);
        let plain = Self::parse_at(text, file, at).map_err(wrong)?;
        if point.params.is_empty() {
            return Ok(plain);
        }
        let edited = Self::edited(text, &point.params)?;
        Self::parse_at(&edited, &format!("{file} with {point}"), at).map_err(wrong)
    }
}

fn set_everywhere(root: &mut Table, name: &str, value: &Value) -> Result<(), String> {
    let mut any = false;
    for list in ["node", "group"] {
        if root.contains_key(list) {
            any = true;
            set(root, &[list, "env", name], value)?;
        }
    }
    match any {
        true => Ok(()),
        false => Err("the scenario has neither [[node]] nor [[group]]".to_owned()),
    }
}

fn set(table: &mut Table, path: &[&str], value: &Value) -> Result<(), String> {
    match path {
        [] => Ok(()),
        [last] => {
            table.insert((*last).to_owned(), value.clone());
            Ok(())
        }
        [first, rest @ ..] => {
            let inner =
                table.entry((*first).to_owned()).or_insert_with(|| Value::Table(Table::new()));
            descend(inner, first, rest, value)
        }
    }
}

fn descend(inside: &mut Value, name: &str, path: &[&str], value: &Value) -> Result<(), String> {
    match inside {
        Value::Table(table) => set(table, path, value),
        Value::Array(items) => {
            let (number, rest) = match path.split_first() {
                Some((first, rest)) if first.parse::<usize>().is_ok() => {
                    (first.parse::<usize>().ok(), rest)
                }
                _ => (None, path),
            };
            let count = items.len();
            let mut chosen: Vec<&mut Value> = match number {
                None => items.iter_mut().collect(),
                Some(number) => items.get_mut(number).into_iter().collect(),
            };
            if chosen.is_empty() {
                return Err(format!("`{name}` has {count} items, numbered from 0"));
            }
            if rest.is_empty() {
                chosen.iter_mut().for_each(|item| **item = value.clone());
                return Ok(());
            }
            chosen.into_iter().try_for_each(|item| descend(item, name, rest, value))
        }
        other => Err(format!("`{name}` is {other}, which has no keys")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::Topology;

    const TEXT: &str =
        "program = \"p.pt\"\n[link]\nradius = 3\n[[group]]\ncount = 2\n[[group]]\ncount = 3\n";

    fn edited(key: &str, value: &str) -> Result<String, String> {
        let params = [(key.to_owned(), super::super::vary::value(value))];
        Scenario::edited(TEXT, &params).map_err(|error| error.to_string())
    }

    #[test]
    fn keys_are_set_where_their_paths_lead() {
        let parse = |text: String| Scenario::parse(&text, "s.toml").expect("a good scenario");
        assert_eq!(
            parse(edited("link.radius", "7").expect("set")).link.topology,
            Topology::Disc { radius: Some(7.0) }
        );
        assert!(!parse(edited("link.loss", "0.5").expect("set")).link.conditions.are_perfect());
        let counts = |text: String| -> Vec<usize> {
            parse(text).groups.iter().map(|group| group.count).collect()
        };
        assert_eq!(counts(edited("group.count", "9").expect("set")), [9, 9]);
        assert_eq!(counts(edited("group.1.count", "9").expect("set")), [2, 9]);
        let scenario = parse(edited("env.mode", "fast").expect("set"));
        assert!(scenario.groups.iter().all(|group| group.env.len() == 1));
    }

    #[test]
    fn paths_that_lead_nowhere_say_so() {
        let error = |key: &str| edited(key, "1").expect_err(key);
        assert!(error("program.name").contains("`program` is \"p.pt\", which has no keys"));
        assert!(error("group.5.count").contains("`group` has 2 items, numbered from 0"));
    }
}
