//! Tables as Parquet, for data frames.

use super::{Field, Kind};
use crate::shown::Shown;
use crate::whole::WholeFile;
use parquet::basic::{Compression, ConvertedType, Repetition, Type as Physical};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::writer::SerializedFileWriter;
use parquet::schema::types::Type;
use std::io;
use std::sync::Arc;

/// Rows that are kept before they are written together.
const GROUP: usize = 1 << 16;

/// A table that is being written.
pub(super) struct Parquet {
    writer: SerializedFileWriter<WholeFile>,
    columns: Vec<Column>,
    rows: usize,
}

/// The rows of one column that are not written yet; values that are there, and which are.
enum Column {
    Whole(Vec<i64>),
    Number(Vec<f64>, Vec<i16>),
    Text(Vec<ByteArray>, Vec<i16>),
}

impl Parquet {
    pub(super) fn new(file: WholeFile, columns: &[(&str, Kind)]) -> io::Result<Self> {
        let mut types = Vec::new();
        let mut kept = Vec::new();
        for (name, kind) in columns {
            let whole = || Column::Whole(Vec::new());
            let number = || Column::Number(Vec::new(), Vec::new());
            let text = || Column::Text(Vec::new(), Vec::new());
            match kind {
                Kind::Whole => add(&mut types, &mut kept, name, whole())?,
                Kind::Number => add(&mut types, &mut kept, name, number())?,
                Kind::Text => add(&mut types, &mut kept, name, text())?,
                Kind::Shown => {
                    add(&mut types, &mut kept, name, number())?;
                    add(&mut types, &mut kept, "text", text())?;
                }
            }
        }
        let schema =
            Type::group_type_builder("table").with_fields(types).build().map_err(broken)?;
        let properties = WriterProperties::builder()
            .set_compression(Compression::UNCOMPRESSED)
            // The same bytes for every version that writes the same table.
            .set_created_by("fieldrun".to_owned())
            .build();
        let writer = SerializedFileWriter::new(file, Arc::new(schema), Arc::new(properties));
        Ok(Self { writer: writer.map_err(broken)?, columns: kept, rows: 0 })
    }

    pub(super) fn add(&mut self, row: &[Field<'_>]) -> io::Result<()> {
        let mut columns = self.columns.iter_mut();
        let mut next = |cell: Cell<'_>| columns.next().map_or((), |column| column.add(cell));
        for field in row {
            match field {
                Field::Whole(number) => next(Cell::Whole(*number)),
                Field::Number(number) => next(Cell::Number(Some(*number).filter(|n| !n.is_nan()))),
                Field::Text(text) => next(Cell::Text(Some(text))),
                Field::Shown(shown) => {
                    next(Cell::Number(match shown {
                        Shown::Number(number) => Some(*number),
                        Shown::Truth(truth) => Some(f64::from(u8::from(*truth))),
                        Shown::Nothing | Shown::Text(_) => None,
                    }));
                    let text = shown.to_string();
                    next(Cell::Text(Some(text.as_str()).filter(|_| *shown != Shown::Nothing)));
                }
            }
        }
        self.rows += 1;
        if self.rows == GROUP { self.write() } else { Ok(()) }
    }

    pub(super) fn finish(mut self) -> io::Result<()> {
        self.write()?;
        self.writer.into_inner().map_err(broken)?.complete()
    }

    fn write(&mut self) -> io::Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let mut group = self.writer.next_row_group().map_err(broken)?;
        for column in &mut self.columns {
            let Some(mut writer) = group.next_column().map_err(broken)? else { break };
            let written = match column {
                Column::Whole(values) => {
                    writer.typed::<Int64Type>().write_batch(values, None, None)
                }
                Column::Number(values, there) => {
                    writer.typed::<DoubleType>().write_batch(values, Some(there), None)
                }
                Column::Text(values, there) => {
                    writer.typed::<ByteArrayType>().write_batch(values, Some(there), None)
                }
            };
            written.map_err(broken)?;
            writer.close().map_err(broken)?;
            column.clear();
        }
        group.close().map_err(broken)?;
        self.rows = 0;
        Ok(())
    }
}

fn add(
    types: &mut Vec<Arc<Type>>,
    kept: &mut Vec<Column>,
    name: &str,
    column: Column,
) -> io::Result<()> {
    let (physical, repetition, converted) = match &column {
        Column::Whole(_) => (Physical::INT64, Repetition::REQUIRED, ConvertedType::NONE),
        Column::Number(..) => (Physical::DOUBLE, Repetition::OPTIONAL, ConvertedType::NONE),
        Column::Text(..) => (Physical::BYTE_ARRAY, Repetition::OPTIONAL, ConvertedType::UTF8),
    };
    let made = Type::primitive_type_builder(name, physical)
        .with_repetition(repetition)
        .with_converted_type(converted)
        .build();
    types.push(Arc::new(made.map_err(broken)?));
    kept.push(column);
    Ok(())
}

enum Cell<'a> {
    Whole(u64),
    Number(Option<f64>),
    Text(Option<&'a str>),
}

impl Column {
    fn add(&mut self, cell: Cell<'_>) {
        match (self, cell) {
            // Seeds beyond 2^63 keep their bits.
            (Self::Whole(values), Cell::Whole(number)) => values.push(number as i64),
            (Self::Number(values, there), Cell::Number(number)) => {
                there.push(i16::from(number.is_some()));
                values.extend(number);
            }
            (Self::Text(values, there), Cell::Text(text)) => {
                there.push(i16::from(text.is_some()));
                values.extend(text.map(|text| ByteArray::from(text.as_bytes().to_vec())));
            }
            // Rows are as the columns say.
            _ => {}
        }
    }

    fn clear(&mut self) {
        match self {
            Self::Whole(values) => values.clear(),
            Self::Number(values, there) => {
                values.clear();
                there.clear();
            }
            Self::Text(values, there) => {
                values.clear();
                there.clear();
            }
        }
    }
}

fn broken(error: ParquetError) -> io::Error {
    match error {
        ParquetError::External(inner) => match inner.downcast::<io::Error>() {
            Ok(error) => *error,
            Err(inner) => io::Error::other(inner),
        },
        other => io::Error::other(other),
    }
}
