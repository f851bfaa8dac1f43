//! The published form of the table: `schema/policy.txt`, and one cell as a sentence.
use super::rules::{Action, coordinator_reach, fits_kind, machine_reach, reach};
use super::viewer::Machine;
use crate::domain::code::Coded;
use crate::domain::organization::OrganizationKind;
use crate::domain::role::Role;

/// The table as published: a line an actor, a column an action.
pub fn table() -> String {
    let mut text = String::from(
        "# Who may do what. Generated: crisis-hub schema --policy > schema/policy.txt\n\
         # Reach: - nowhere, self own grant, drop-off units for first responders (no census),\n\
         #        public units open to the public and the own agency's, agency, region, hub.\n\
         # After a slash: the reach at an agency that is designated to coordinate its region, where it is more. Open searches\n\
         # of others, and nudges in them, are nobody's at a criminal-justice agency, designated or not.\n\n",
    );
    let width = Role::ALL.iter().map(|role| role.code().len()).max().unwrap_or(0) + 2;
    for action in Action::ALL {
        text.push_str(&format!("{}: {}\n", action.code(), action.doc()));
        for role in Role::ALL {
            text.push_str(&format!("  {:width$}{}\n", role.code(), cell(*role, *action)));
        }
        for machine in Machine::ALL {
            let code = format!("({})", machine.code().to_lowercase());
            text.push_str(&format!("  {code:width$}{}\n", machine_reach(*machine, *action).code()));
        }
        text.push('\n');
    }
    text.push_str(
        "# Which roles can be held at which kinds of agencies; at a criminal-justice agency, whatever its kind, none that\n\
         # treats people or is shown what those who treat are shown.\n\n",
    );
    for role in Role::ALL {
        let kinds = OrganizationKind::ALL.iter().filter(|kind| fits_kind(*role, **kind)).map(|kind| kind.code());
        text.push_str(&format!("  {:width$}{}\n", role.code(), kinds.collect::<Vec<_>>().join(" ")));
    }
    text
}

fn cell(role: Role, action: Action) -> String {
    let (here, there) = (reach(role, action), coordinator_reach(role, action));
    if here == there { here.code().into() } else { format!("{} / {}", here.code(), there.code()) }
}

/// One cell of the table as a sentence.
pub fn why(role: Role, action: Action) -> String {
    let (reach, coordinator) = (reach(role, action), coordinator_reach(role, action));
    let mut why = format!("{} may {}: {}. {}", role.code(), action.code(), reach.code(), reach.doc());
    if coordinator != reach {
        why.push_str(&format!(" At an agency that is designated to coordinate its region: {}.", coordinator.code()));
    }
    why
}
