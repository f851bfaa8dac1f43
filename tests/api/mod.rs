//! One file per noun, each test on SQLite and on PostgreSQL with Redis.

/// Runs a test on both databases.
macro_rules! on_both {
    ($($(#[doc = $doc:literal])* $name:ident),+ $(,)?) => { $(
        mod $name {
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                super::$name(crate::house::Db::Sqlite).await;
            }
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                super::$name(crate::house::Db::Postgres).await;
            }
        }
    )+ };
}

pub mod bed;
mod bed_time;
mod bed_view;
mod call_follow_up;
mod consent_load;
mod coordinate;
mod coordinate_watch;
pub mod course;
mod course_team;
mod directory;
pub mod disclose;
pub mod disclose_part2;
mod emergency;
pub mod grant;
pub mod handoff;
mod handoff_place;
mod handoff_watch;
mod hold;
mod key;
mod kind;
pub mod legal_hold;
mod legal_hold_told;
mod minor;
mod moved;
mod notice;
pub mod offer;
mod offer_ends;
mod offer_race;
pub mod on_call;
mod packet;
mod past;
mod past_then;
mod pathway;
mod poll;
mod preservation;
mod respond;
pub mod retention;
mod retention_told;
mod revoke;
pub mod ring;
mod ring_walks;
mod sealed_hostile;
mod search;
mod standing;
mod standing_tiers;
mod supervisor;
pub mod team;
mod threat;
mod told;
mod told_edges;
mod told_load;
mod travel;
mod unmatched;
mod withdrawn;
