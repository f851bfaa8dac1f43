//! What whoever runs the program may do on the hub's own machine: the first grants.
use super::Hub;
use super::directory::{self, SaveEntry};
use super::error::Error;
use super::grant::{GrantRole, grant_role};
use crate::domain::entry::Provenance;
use crate::domain::grant::{Grant, HolderKind, Principal};
use crate::domain::id::{GlobalId, OrganizationId, RegionId};
use crate::domain::organization::{OrganizationDetails, OrganizationKind};
use crate::domain::region::{Region, RegionDetails};
use crate::domain::role::Role;
use crate::policy::{Machine, Scope, Viewer};
use std::sync::Arc;

/// Who is granted what from the console.
#[derive(Clone, Debug)]
pub struct FirstGrant {
    /// The issuer, exactly as in its tokens.
    pub issuer: String,
    /// The issuer's name for the holder.
    pub subject: String,
    /// Person or application.
    pub holder: HolderKind,
    /// The role.
    pub role: Role,
    /// The region's code.
    pub region: String,
    /// The agency's id or name.
    pub organization: Option<String>,
    /// IANA time zone of a new region.
    pub time_zone: String,
}

/// The viewer that the console is.
pub fn viewer() -> Viewer {
    Viewer::machine(Machine::Console)
}

/// Makes a grant, and the region and the operators' agency if they are not there.
pub async fn grant(hub: &Hub, wanted: FirstGrant) -> Result<Grant, Error> {
    let region = region_or_new(hub, &wanted.region, &wanted.time_zone).await?.id;
    let organization = organization(hub, region, wanted.organization.as_deref(), wanted.role).await?;
    let principal = Principal { issuer: wanted.issuer, subject: wanted.subject, kind: wanted.holder };
    let input = GrantRole { principal, role: wanted.role, organization: Some(organization), until: None, keyed: None };
    let outcome = grant_role(hub, &viewer(), input).await?;
    outcome
        .changed
        .ok_or_else(|| Error::BadInput(outcome.problems.into_iter().map(|p| p.message).collect::<Vec<_>>().join(" ")))
}

/// The region of a code, if it is there.
pub fn region(hub: &Hub, code: &str) -> Option<Arc<Region>> {
    let (scope, board) = (Scope::of(&viewer()), hub.board().now());
    board.entries::<RegionDetails>(&scope).find(|region| region.details.code == code).cloned()
}

/// What is said about a new region, as far as the console knows it.
pub fn new_region(code: &str, time_zone: &str) -> RegionDetails {
    RegionDetails {
        name: code.to_owned(),
        code: code.to_owned(),
        time_zone: time_zone.to_owned(),
        counties: Vec::new(),
        jurisdiction: None,
    }
}

/// Refuses a jurisdiction that the hub does not know.
pub fn known_jurisdiction(hub: &Hub, code: &str) -> Result<(), Error> {
    let known: Vec<&str> = hub.rules().law.all().iter().map(|law| law.code.as_str()).collect();
    if known.contains(&code) {
        return Ok(());
    }
    Err(Error::BadInput(format!("there is no jurisdiction {code:?}: one of {}", known.join(", "))))
}

/// Lets a region keep to a jurisdiction that the hub knows.
pub async fn name_jurisdiction(hub: &Hub, region: &str, code: &str) -> Result<(), Error> {
    known_jurisdiction(hub, code)?;
    let region = self::region(hub, region).ok_or(Error::NotFound)?;
    let details = RegionDetails { jurisdiction: Some(code.to_owned()), ..region.details.clone() };
    let edit = SaveEntry::new(Some(region.id), details, Provenance::Manual);
    directory::save(hub, &viewer(), edit).await?.changed.map(|_| ()).ok_or(Error::NotFound)
}

/// The region of a code, set up if it is not there.
pub async fn region_or_new(hub: &Hub, code: &str, time_zone: &str) -> Result<Arc<Region>, Error> {
    if let Some(known) = region(hub, code) {
        return Ok(known);
    }
    let add = SaveEntry::new(None, new_region(code, time_zone), Provenance::Manual);
    directory::save(hub, &viewer(), add).await?.changed.ok_or(Error::NotFound)
}

async fn organization(hub: &Hub, region: RegionId, named: Option<&str>, role: Role) -> Result<OrganizationId, Error> {
    let (scope, board) = (Scope::of(&viewer()), hub.board().now());
    let name = match (named, role) {
        (Some(name), _) => name,
        (None, Role::HubOperator) => "Hub operations",
        (None, _) => return Err(Error::BadInput("name the agency with --organization (its id or its name)".into())),
    };
    let id = GlobalId::parse(name).and_then(GlobalId::as_noun);
    let mut known = board
        .entries::<OrganizationDetails>(&scope)
        .filter(|o| Some(o.id) == id || (o.region == region && o.details.name == name));
    if let Some(known) = known.next() {
        return Ok(known.id);
    }
    if role != Role::HubOperator {
        return Err(Error::BadInput(format!("no agency of this region has the id or the name {name:?}")));
    }
    let details = OrganizationDetails {
        name: name.to_owned(),
        kind: OrganizationKind::Council,
        part2_program: false,
        covered_entity: false,
        criminal_justice_agency: false,
        coordinating: false,
    };
    let mut add = SaveEntry::new(None, details, Provenance::Manual);
    add.region = Some(region);
    let saved = directory::save(hub, &viewer(), add).await?;
    saved.changed.map(|organization| organization.id).ok_or(Error::NotFound)
}
