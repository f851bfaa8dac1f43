//! Which foreign record became which row, and what it last said.
use super::error::Error;
use super::tx::{Reader, Tx};
use crate::domain::id::{GlobalId, Noun};
use entity::import_row::{Column, Entity, Model};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter};

/// Rows and keys of one statement: SQLite takes at most 32,766 values, a row has 6.
const STATEMENT_MAX: usize = 500;

/// A foreign record and the row it became.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Imported {
    /// Its id at the source.
    pub source_id: String,
    /// The row it became.
    pub row: GlobalId,
    /// Digest of what it last said.
    pub fingerprint: String,
}

impl Reader {
    /// Everything ever imported from a source.
    pub async fn imported(&self, source: &str) -> Result<Vec<Imported>, Error> {
        #[expect(clippy::disallowed_methods, reason = "the importer's own memory: ids and digests")]
        let rows = Entity::find().filter(Column::Source.eq(source)).all(self.connection()).await?;
        rows.into_iter().map(imported).collect()
    }
}

impl Tx {
    /// What a source's records of these ids became, as whatever noun. No other import of the source writes meanwhile.
    pub async fn imported(&self, source: &str, source_ids: &[&str]) -> Result<Vec<Imported>, Error> {
        self.dialect().lock_name(self.connection(), &format!("import {source}")).await?;
        let mut found = Vec::with_capacity(source_ids.len());
        for ids in source_ids.chunks(STATEMENT_MAX) {
            #[expect(clippy::disallowed_methods, reason = "the importer's own memory: ids and digests")]
            let select = Entity::find().filter(Column::Source.eq(source));
            let rows = select.filter(Column::SourceId.is_in(ids.iter().copied())).all(self.connection()).await?;
            found.extend(rows.into_iter().map(imported).collect::<Result<Vec<_>, _>>()?);
        }
        Ok(found)
    }

    /// Keeps what records became and what they said.
    pub async fn remember_imports(&self, source: &str, records: &[Imported]) -> Result<(), Error> {
        let imported_at = self.now().micros();
        for records in records.chunks(STATEMENT_MAX) {
            let rows = records.iter().map(|record| {
                let row = Model {
                    source: source.into(),
                    source_id: record.source_id.clone(),
                    noun: record.row.noun.text().into(),
                    row_id: record.row.key,
                    fingerprint: record.fingerprint.clone(),
                    imported_at,
                };
                row.into_active_model().reset_all()
            });
            let again = OnConflict::columns([Column::Source, Column::SourceId, Column::Noun])
                .update_columns([Column::RowId, Column::Fingerprint, Column::ImportedAt])
                .to_owned();
            Entity::insert_many(rows).on_conflict(again).exec_without_returning(self.connection()).await?;
        }
        Ok(())
    }
}

fn imported(row: Model) -> Result<Imported, Error> {
    let noun = Noun::ALL.iter().copied().find(|noun| noun.text() == row.noun);
    let noun = noun.ok_or(Error::Corrupt { table: "import_row", what: "noun" })?;
    Ok(Imported { source_id: row.source_id, row: GlobalId { noun, key: row.row_id }, fingerprint: row.fingerprint })
}
