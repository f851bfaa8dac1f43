//! The hub's schema: one append-only step per file, the same steps on both databases.
use sea_orm_migration::prelude::async_trait;
use sea_orm_migration::{MigrationTrait, MigratorTrait};

mod m0001_corridor;
mod m0002_holds;
mod m0003_teams;
mod m0004_notices;
mod m0005_travel;
mod m0006_past;
mod m0007_log_region;
mod m0008_pathways;
mod m0009_handoffs;
mod m0010_episodes;
mod m0011_sealed;
mod m0012_chain;
mod m0013_calls;
mod m0014_open_handoffs;
mod m0015_coordinators;
mod m0016_course;
mod m0017_law;
mod m0018_told;
mod m0019_keep;
mod m0020_reach;
mod m0021_ways;

/// Runs the steps in order.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m0001_corridor::Migration),
            Box::new(m0002_holds::Migration),
            Box::new(m0003_teams::Migration),
            Box::new(m0004_notices::Migration),
            Box::new(m0005_travel::Migration),
            Box::new(m0006_past::Migration),
            Box::new(m0007_log_region::Migration),
            Box::new(m0008_pathways::Migration),
            Box::new(m0009_handoffs::Migration),
            Box::new(m0010_episodes::Migration),
            Box::new(m0011_sealed::Migration),
            Box::new(m0012_chain::Migration),
            Box::new(m0013_calls::Migration),
            Box::new(m0014_open_handoffs::Migration),
            Box::new(m0015_coordinators::Migration),
            Box::new(m0016_course::Migration),
            Box::new(m0017_law::Migration),
            Box::new(m0018_told::Migration),
            Box::new(m0019_keep::Migration),
            Box::new(m0020_reach::Migration),
            Box::new(m0021_ways::Migration),
        ]
    }
}
