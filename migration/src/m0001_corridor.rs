//! The corridor: the directory, units and their reports, grants, the log, the audit.
use sea_orm_migration::prelude::{
    ColumnDef, ConditionalStatement, DbErr, DeriveMigrationName, Expr, ExprTrait, ForeignKey, ForeignKeyAction, Index,
    IndexCreateStatement, MigrationTrait, SchemaManager, Table, TableCreateStatement, async_trait,
};

/// The step.
#[derive(Debug, DeriveMigrationName)]
pub(super) struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in tables() {
            manager.create_table(table).await?;
        }
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn tables() -> Vec<TableCreateStatement> {
    vec![
        region(),
        organization(),
        facility(),
        service(),
        bed_unit(),
        bed_report(),
        grant(),
        event(),
        counter(),
        audit_entry(),
        idempotency(),
        due(),
        meta(),
        import_row(),
    ]
}

fn region() -> TableCreateStatement {
    Table::create()
        .table("region")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("version").big_integer().not_null())
        .col(ColumnDef::new("owner_id").uuid().not_null())
        .col(ColumnDef::new("name").text().not_null())
        .col(ColumnDef::new("code").text().not_null())
        .col(ColumnDef::new("time_zone").text().not_null())
        .col(ColumnDef::new("counties").text().not_null())
        .col(ColumnDef::new("retired").boolean().not_null())
        .col(ColumnDef::new("provenance").text().not_null())
        .col(ColumnDef::new("updated_at").big_integer().not_null())
        .primary_key(Index::create().col("id"))
        .take()
}

fn organization() -> TableCreateStatement {
    Table::create()
        .table("organization")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("region_id").uuid().not_null())
        .col(ColumnDef::new("version").big_integer().not_null())
        .col(ColumnDef::new("name").text().not_null())
        .col(ColumnDef::new("kind").text().not_null())
        .col(ColumnDef::new("part2_program").boolean().not_null())
        .col(ColumnDef::new("covered_entity").boolean().not_null())
        .col(ColumnDef::new("criminal_justice_agency").boolean().not_null())
        .col(ColumnDef::new("coordinating").boolean().not_null())
        .col(ColumnDef::new("external_ids").text().not_null())
        .col(ColumnDef::new("retired").boolean().not_null())
        .col(ColumnDef::new("provenance").text().not_null())
        .col(ColumnDef::new("updated_at").big_integer().not_null())
        .primary_key(Index::create().col("id"))
        .foreign_key(
            ForeignKey::create()
                .from("organization", "region_id")
                .to("region", "id")
                .on_delete(ForeignKeyAction::Restrict),
        )
        .take()
}

fn facility() -> TableCreateStatement {
    Table::create()
        .table("facility")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("region_id").uuid().not_null())
        .col(ColumnDef::new("organization_id").uuid().not_null())
        .col(ColumnDef::new("version").big_integer().not_null())
        .col(ColumnDef::new("name").text().not_null())
        .col(ColumnDef::new("street").text().null())
        .col(ColumnDef::new("city").text().null())
        .col(ColumnDef::new("state").text().null())
        .col(ColumnDef::new("zip").text().null())
        .col(ColumnDef::new("county_fips").integer().null())
        .col(ColumnDef::new("latitude_e6").integer().null())
        .col(ColumnDef::new("longitude_e6").integer().null())
        .col(ColumnDef::new("zone").text().not_null())
        .col(ColumnDef::new("time_zone").text().not_null())
        .col(ColumnDef::new("direct_line").text().null())
        .col(ColumnDef::new("first_responder_door").boolean().not_null())
        .col(ColumnDef::new("walk_in").boolean().not_null())
        .col(ColumnDef::new("wheelchair_accessible").boolean().null())
        .col(ColumnDef::new("external_ids").text().not_null())
        .col(ColumnDef::new("retired").boolean().not_null())
        .col(ColumnDef::new("provenance").text().not_null())
        .col(ColumnDef::new("updated_at").big_integer().not_null())
        .primary_key(Index::create().col("id"))
        .foreign_key(
            ForeignKey::create()
                .from("facility", "organization_id")
                .to("organization", "id")
                .on_delete(ForeignKeyAction::Restrict),
        )
        .foreign_key(
            ForeignKey::create().from("facility", "region_id").to("region", "id").on_delete(ForeignKeyAction::Restrict),
        )
        .take()
}

fn service() -> TableCreateStatement {
    Table::create()
        .table("service")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("region_id").uuid().not_null())
        .col(ColumnDef::new("organization_id").uuid().not_null())
        .col(ColumnDef::new("version").big_integer().not_null())
        .col(ColumnDef::new("name").text().not_null())
        .col(ColumnDef::new("facility_id").uuid().null())
        .col(ColumnDef::new("kind").text().not_null())
        .col(ColumnDef::new("no_refusal").boolean().not_null())
        .col(ColumnDef::new("medical_clearance_required").boolean().not_null())
        .col(ColumnDef::new("voluntary").boolean().not_null())
        .col(ColumnDef::new("involuntary").boolean().not_null())
        .col(ColumnDef::new("age_min").small_integer().null())
        .col(ColumnDef::new("age_max").small_integer().null())
        .col(ColumnDef::new("languages").text().not_null())
        .col(ColumnDef::new("catchment_fips").text().not_null())
        .col(ColumnDef::new("external_ids").text().not_null())
        .col(ColumnDef::new("retired").boolean().not_null())
        .col(ColumnDef::new("provenance").text().not_null())
        .col(ColumnDef::new("updated_at").big_integer().not_null())
        .primary_key(Index::create().col("id"))
        .foreign_key(
            ForeignKey::create()
                .from("service", "organization_id")
                .to("organization", "id")
                .on_delete(ForeignKeyAction::Restrict),
        )
        .foreign_key(
            ForeignKey::create()
                .from("service", "facility_id")
                .to("facility", "id")
                .on_delete(ForeignKeyAction::Restrict),
        )
        .take()
}

fn bed_unit() -> TableCreateStatement {
    Table::create()
        .table("bed_unit")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("region_id").uuid().not_null())
        .col(ColumnDef::new("organization_id").uuid().not_null())
        .col(ColumnDef::new("version").big_integer().not_null())
        .col(ColumnDef::new("label").text().not_null())
        .col(ColumnDef::new("facility_id").uuid().not_null())
        .col(ColumnDef::new("service_id").uuid().not_null())
        .col(ColumnDef::new("counts").text().not_null())
        .col(ColumnDef::new("age_min").small_integer().null())
        .col(ColumnDef::new("age_max").small_integer().null())
        .col(ColumnDef::new("gender").text().not_null())
        .col(ColumnDef::new("security").text().not_null())
        .col(ColumnDef::new("voluntary").boolean().not_null())
        .col(ColumnDef::new("involuntary").boolean().not_null())
        .col(ColumnDef::new("specialties").text().not_null())
        .col(ColumnDef::new("licensed").integer().not_null())
        .col(ColumnDef::new("sla_minutes").integer().not_null())
        .col(ColumnDef::new("hold_policy").text().not_null())
        .col(ColumnDef::new("drop_off").boolean().not_null())
        .col(ColumnDef::new("public").boolean().not_null())
        .col(ColumnDef::new("audience").small_integer().not_null())
        .col(ColumnDef::new("report_id").uuid().null())
        .col(ColumnDef::new("as_of").big_integer().null())
        .col(ColumnDef::new("received_at").big_integer().null())
        .col(ColumnDef::new("report_provenance").text().null())
        .col(ColumnDef::new("staffed").integer().null())
        .col(ColumnDef::new("occupied").integer().null())
        .col(ColumnDef::new("blocked").text().null())
        .col(ColumnDef::new("pending_discharge").integer().null())
        .col(ColumnDef::new("waitlist").integer().null())
        .col(ColumnDef::new("accepting").text().null())
        .col(ColumnDef::new("pause_reason").text().null())
        .col(ColumnDef::new("paused_since").big_integer().null())
        .col(ColumnDef::new("paused_until").big_integer().null())
        .col(ColumnDef::new("told").text().not_null())
        .col(ColumnDef::new("external_ids").text().not_null())
        .col(ColumnDef::new("retired").boolean().not_null())
        .col(ColumnDef::new("provenance").text().not_null())
        .col(ColumnDef::new("updated_at").big_integer().not_null())
        .primary_key(Index::create().col("id"))
        .foreign_key(
            ForeignKey::create()
                .from("bed_unit", "facility_id")
                .to("facility", "id")
                .on_delete(ForeignKeyAction::Restrict),
        )
        .foreign_key(
            ForeignKey::create()
                .from("bed_unit", "service_id")
                .to("service", "id")
                .on_delete(ForeignKeyAction::Restrict),
        )
        .foreign_key(
            ForeignKey::create()
                .from("bed_unit", "organization_id")
                .to("organization", "id")
                .on_delete(ForeignKeyAction::Restrict),
        )
        .take()
}

fn bed_report() -> TableCreateStatement {
    Table::create()
        .table("bed_report")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("region_id").uuid().not_null())
        .col(ColumnDef::new("organization_id").uuid().not_null())
        .col(ColumnDef::new("bed_unit_id").uuid().not_null())
        .col(ColumnDef::new("as_of").big_integer().not_null())
        .col(ColumnDef::new("received_at").big_integer().not_null())
        .col(ColumnDef::new("provenance").text().not_null())
        .col(ColumnDef::new("staffed").integer().not_null())
        .col(ColumnDef::new("occupied").integer().not_null())
        .col(ColumnDef::new("blocked").text().not_null())
        .col(ColumnDef::new("pending_discharge").integer().not_null())
        .col(ColumnDef::new("waitlist").integer().not_null())
        .col(ColumnDef::new("accepting").text().not_null())
        .col(ColumnDef::new("grant_id").uuid().null())
        .primary_key(Index::create().col("id"))
        .foreign_key(
            ForeignKey::create()
                .from("bed_report", "bed_unit_id")
                .to("bed_unit", "id")
                .on_delete(ForeignKeyAction::Restrict),
        )
        .take()
}

fn grant() -> TableCreateStatement {
    Table::create()
        .table("grant")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("version").big_integer().not_null())
        .col(ColumnDef::new("issuer").text().not_null())
        .col(ColumnDef::new("subject").text().not_null())
        .col(ColumnDef::new("holder").text().not_null())
        .col(ColumnDef::new("role").text().not_null())
        .col(ColumnDef::new("organization_id").uuid().not_null())
        .col(ColumnDef::new("region_id").uuid().not_null())
        .col(ColumnDef::new("until").big_integer().null())
        .col(ColumnDef::new("origin").text().not_null())
        .col(ColumnDef::new("created_at").big_integer().not_null())
        .col(ColumnDef::new("revoked_at").big_integer().null())
        .primary_key(Index::create().col("id"))
        .foreign_key(
            ForeignKey::create()
                .from("grant", "organization_id")
                .to("organization", "id")
                .on_delete(ForeignKeyAction::Restrict),
        )
        .foreign_key(
            ForeignKey::create().from("grant", "region_id").to("region", "id").on_delete(ForeignKeyAction::Restrict),
        )
        .take()
}

fn event() -> TableCreateStatement {
    Table::create()
        .table("event")
        .col(ColumnDef::new("position").big_integer().not_null().primary_key().auto_increment())
        .col(ColumnDef::new("number").big_integer().null())
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("kind").text().not_null())
        .col(ColumnDef::new("kind_version").integer().not_null())
        .col(ColumnDef::new("noun").text().not_null())
        .col(ColumnDef::new("row_id").uuid().not_null())
        .col(ColumnDef::new("row_version").big_integer().not_null())
        .col(ColumnDef::new("region_id").uuid().not_null())
        .col(ColumnDef::new("owner_id").uuid().not_null())
        .col(ColumnDef::new("audience").small_integer().not_null())
        .col(ColumnDef::new("at").big_integer().not_null())
        .col(ColumnDef::new("fact").text().not_null())
        .take()
}

fn counter() -> TableCreateStatement {
    Table::create()
        .table("counter")
        .col(ColumnDef::new("name").text().not_null())
        .col(ColumnDef::new("n").big_integer().not_null())
        .primary_key(Index::create().col("name"))
        .take()
}

fn audit_entry() -> TableCreateStatement {
    Table::create()
        .table("audit_entry")
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("at").big_integer().not_null())
        .col(ColumnDef::new("grant_id").uuid().null())
        .col(ColumnDef::new("machine").text().null())
        .col(ColumnDef::new("action").text().not_null())
        .col(ColumnDef::new("noun").text().not_null())
        .col(ColumnDef::new("row_id").uuid().not_null())
        .col(ColumnDef::new("row_version").big_integer().not_null())
        .col(ColumnDef::new("owner_id").uuid().not_null())
        .primary_key(Index::create().col("id"))
        .take()
}

fn idempotency() -> TableCreateStatement {
    Table::create()
        .table("idempotency")
        .col(ColumnDef::new("principal").text().not_null())
        .col(ColumnDef::new("operation").text().not_null())
        .col(ColumnDef::new("key").text().not_null())
        .col(ColumnDef::new("digest").text().not_null())
        .col(ColumnDef::new("reference").text().not_null())
        .col(ColumnDef::new("at").big_integer().not_null())
        .primary_key(Index::create().col("principal").col("operation").col("key"))
        .take()
}

fn due() -> TableCreateStatement {
    Table::create()
        .table("due")
        .col(ColumnDef::new("row_id").uuid().not_null())
        .col(ColumnDef::new("kind").text().not_null())
        .col(ColumnDef::new("at").big_integer().not_null())
        .primary_key(Index::create().col("row_id").col("kind"))
        .take()
}

fn meta() -> TableCreateStatement {
    Table::create()
        .table("meta")
        .col(ColumnDef::new("name").text().not_null())
        .col(ColumnDef::new("value").text().not_null())
        .primary_key(Index::create().col("name"))
        .take()
}

fn import_row() -> TableCreateStatement {
    Table::create()
        .table("import_row")
        .col(ColumnDef::new("source").text().not_null())
        .col(ColumnDef::new("source_id").text().not_null())
        .col(ColumnDef::new("noun").text().not_null())
        .col(ColumnDef::new("row_id").uuid().not_null())
        .col(ColumnDef::new("fingerprint").text().not_null())
        .col(ColumnDef::new("imported_at").big_integer().not_null())
        .primary_key(Index::create().col("source").col("source_id").col("noun"))
        .take()
}

fn indexes() -> Vec<IndexCreateStatement> {
    vec![
        Index::create().name("event_number").table("event").col("number").unique().take(),
        Index::create().name("event_id").table("event").col("id").unique().take(),
        Index::create().name("event_row").table("event").col("row_id").col("number").take(),
        Index::create().name("bed_unit_facility").table("bed_unit").col("facility_id").take(),
        Index::create().name("bed_report_unit").table("bed_report").col("bed_unit_id").col("as_of").take(),
        Index::create().name("facility_organization").table("facility").col("organization_id").take(),
        Index::create().name("grant_principal").table("grant").col("issuer").col("subject").col("holder").take(),
        Index::create().name("grant_organization").table("grant").col("organization_id").take(),
        Index::create().name("audit_entry_owner").table("audit_entry").col("owner_id").col("id").take(),
        Index::create().name("audit_entry_grant").table("audit_entry").col("grant_id").col("id").take(),
        Index::create().name("due_at").table("due").col("at").take(),
        Index::create().name("idempotency_at").table("idempotency").col("at").take(),
        Index::create().name("region_code").table("region").col("code").unique().take(),
        // What the relay still has to number.
        Index::create()
            .name("event_waiting")
            .table("event")
            .col("position")
            .and_where(Expr::col("number").is_null())
            .take(),
    ]
}
