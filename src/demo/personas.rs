//! The people of the demo: one of each role, and a second one at another organization.
//!
//! **Invariant**: a persona is a grant and a token like anybody's; what one may do is decided nowhere here.
use super::invented;
use super::issuer::{DemoIssuer, NoIssuer, write_private};
use super::staff::employ;
use super::world::Loaded;
use crate::app::{Error, Hub};
use crate::domain::code::Coded;
use crate::domain::role::Role;
use std::path::Path;

/// The file of personas in the data folder.
pub const FILE: &str = "personas.json";
/// A hospital of the region that has psychiatric units.
const HOSPITAL: &str = "F003";

/// Somebody to be.
#[derive(Clone, Debug, serde::Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Persona {
    /// Its name: the role in lower case, with `-2` at the second organization.
    pub persona: String,
    /// Its role.
    pub role: Role,
    /// Its organization's name.
    pub organization: String,
    /// Its organization.
    pub organization_id: String,
    /// Its token.
    pub token: String,
}

/// Why there are no personas.
#[derive(Debug, thiserror::Error)]
pub enum NoPersonas {
    /// A verb said no.
    #[error(transparent)]
    App(#[from] Error),
    /// There is no issuer.
    #[error(transparent)]
    Issuer(#[from] NoIssuer),
    /// The file cannot be written.
    #[error("{FILE}: {0}")]
    Io(#[from] std::io::Error),
    /// The world has no such organization.
    #[error("the demo's world has no organization {0}")]
    Missing(String),
}

fn organization(role: Role, which: usize) -> String {
    let form = match role {
        Role::Officer => "police",
        Role::Dispatcher => "psap",
        Role::Ems => "ems",
        Role::EmergencyDepartment => "hospital",
        Role::AgencyAdmin if which == 2 => return HOSPITAL.into(),
        Role::Intake | Role::MobileTeam | Role::AgencyAdmin => "crisis",
        Role::Line988 => "line-988",
        Role::Peer => "peer",
        Role::Advocate => "advocacy",
        Role::Council | Role::Analyst => "council",
        Role::HubOperator => "operator",
    };
    invented::key(form, which)
}

/// Grants every persona its role and writes the file of their tokens.
pub async fn settle(
    hub: &Hub,
    loaded: &Loaded,
    issuer: &DemoIssuer,
    folder: &Path,
) -> Result<Vec<Persona>, NoPersonas> {
    let mut personas = Vec::new();
    for (which, suffix) in [(1, ""), (2, "-2")] {
        for role in Role::ALL {
            let persona = format!("{}{suffix}", role.code().to_lowercase());
            let key = organization(*role, which);
            let (id, name) = loaded.organizations.get(&key).ok_or(NoPersonas::Missing(key))?;
            employ(hub, &persona, *role, *id).await?;
            let token = issuer.token(&persona, hub.clock().now())?;
            let (organization, organization_id) = (name.clone(), id.to_string());
            personas.push(Persona { persona, role: *role, organization, organization_id, token });
        }
    }
    // One line a persona: a shell can read a token with sed.
    let lines: Vec<_> = personas.iter().filter_map(|persona| serde_json::to_string(persona).ok()).collect();
    write_private(&folder.join(FILE), format!("[\n{}\n]\n", lines.join(",\n")).as_bytes())?;
    Ok(personas)
}
