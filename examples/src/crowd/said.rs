//! From the value of a program to what its device says.

use fieldrun_device::Value;

use super::Said;

/// The word of a device where there was no crowd.
const NONE: &str = "none";
/// The word of a device in a dangerous crowd.
const HIGH: &str = "high";

impl Said {
    /// Reads `[tracking, warned]`; none for a value of another form.
    pub(crate) fn read(value: &Value) -> Option<Self> {
        let Value::Tuple(items) = value else { return None };
        let [tracking, Value::Bool(warned)] = items.as_ref() else { return None };
        let word = match tracking {
            Value::Text(word) => word.as_ref(),
            // The density, which the misprint of the published program puts there.
            Value::Number(_) => "",
            _ => return None,
        };
        Some(Self { crowded: word != NONE, dangerous: word == HIGH, warned: *warned })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(tracking: Value, warned: Value) -> Option<Said> {
        Said::read(&Value::tuple(vec![tracking, warned]))
    }

    #[test]
    fn the_words_of_the_article_are_understood() {
        let yes = Value::Bool(true);
        let all = Said { crowded: true, dangerous: true, warned: true };
        assert_eq!(read(Value::text("high"), yes.clone()), Some(all));
        assert_eq!(read(Value::text("low"), yes.clone()), Some(Said { dangerous: false, ..all }));
        assert_eq!(read(Value::Number(3.5), yes.clone()), Some(Said { dangerous: false, ..all }));
        let calm = read(Value::text("none"), Value::Bool(false));
        assert_eq!(calm, Some(Said::default()));
    }

    #[test]
    fn other_values_are_not() {
        assert_eq!(Said::read(&Value::Bool(true)), None);
        assert_eq!(read(Value::text("high"), Value::text("high")), None);
        assert_eq!(read(Value::Bool(true), Value::Bool(true)), None);
    }
}
