//! Viewers: who is asking.
use super::rules::{self, Action, Reach};
use crate::domain::code::codes;
use crate::domain::grant::Grant;
use crate::domain::id::{GrantId, OrganizationId, RegionId};
use crate::domain::role::Role;
use crate::domain::time::At;
use std::sync::Arc;

codes! {
    /// Code that acts without a person: a closed set that no token can become.
    Machine {
        /// Tells the log what time alone has changed.
        Sweeper "SWEEPER",
        /// Takes back the offers that lose when a search for a place is settled, and frees the places they kept.
        Settler "SETTLER",
        /// Calls the people of units whose answer is awaited.
        Caller "CALLER",
        /// Shreds what is written in a handoff when its retention has ended.
        Retention "RETENTION",
        /// Loads and follows what every node holds in memory.
        Follower "FOLLOWER",
        /// Admits principals by the claims their issuer is trusted for.
        Doorway "DOORWAY",
        /// Whoever runs the program on the hub's own machine: first grants and imports.
        Console "CONSOLE",
    }
}

/// Who is asking, for one request or one socket.
#[derive(Clone, Debug)]
pub struct Viewer(Arc<Who>);

#[derive(Debug)]
enum Who {
    Nobody,
    Holder(Holder),
    Machine(Machine),
}

#[derive(Debug)]
struct Holder {
    grant: Grant,
    application: Option<Grant>,
    read_only: bool,
    expires_at: At,
    watches: Option<Watches>,
}

/// How the viewer's agency, which coordinates its region, follows the open searches of others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Watches {
    agency: OrganizationId,
    /// A line of the audit says already that the viewer looks on; otherwise each look has a line of its own.
    noted: bool,
}

impl Viewer {
    /// Somebody without a grant.
    pub fn nobody() -> Self {
        Self(Arc::new(Who::Nobody))
    }

    /// A machine viewer; reachable from the hub's own code alone.
    pub(crate) fn machine(machine: Machine) -> Self {
        Self(Arc::new(Who::Machine(machine)))
    }

    /// The holder of a grant, narrowed by the application's own grant and by the token: every reach is what the two have in
    /// common.
    ///
    /// An application that stands for another region, or administers another agency, than its user's stands for nobody.
    pub fn holder(grant: Grant, application: Option<Grant>, read_only: bool, expires_at: At) -> Self {
        let apart = application.as_ref().is_some_and(|app| {
            app.role != Role::HubOperator
                && (app.region != grant.region
                    || (app.role == Role::AgencyAdmin && app.organization != grant.organization))
        });
        if apart {
            Self::nobody()
        } else {
            Self(Arc::new(Who::Holder(Holder { grant, application, read_only, expires_at, watches: None })))
        }
    }

    /// The same viewer, whose agency is designated to follow the open searches of its region, or is not.
    ///
    /// The designation stands in the agency's row: it is read where a viewer is made, and anew in each write.
    #[must_use]
    pub fn designated(self, agency: Option<OrganizationId>) -> Self {
        self.watching(agency.map(|agency| Watches { agency, noted: false }))
    }

    /// The same viewer, of whom a line of the audit says already that they look on.
    #[must_use]
    pub(crate) fn noted(&self) -> Self {
        let watches = self.holder_of().and_then(|holder| holder.watches);
        self.clone().watching(watches.map(|watches| Watches { noted: true, ..watches }))
    }

    fn watching(self, watches: Option<Watches>) -> Self {
        match &*self.0 {
            Who::Holder(Holder { grant, application, read_only, expires_at, .. }) => {
                let watches = watches.filter(|watches| watches.agency == grant.organization);
                let (grant, application) = (grant.clone(), application.clone());
                let (read_only, expires_at) = (*read_only, *expires_at);
                Self(Arc::new(Who::Holder(Holder { grant, application, read_only, expires_at, watches })))
            }
            Who::Nobody | Who::Machine(_) => self,
        }
    }

    /// The viewer's agency, if it is designated to follow the open searches of its region and the viewer does so.
    pub fn coordinates(&self) -> Option<OrganizationId> {
        let watches = self.holder_of()?.watches?;
        let reach = self.reach_with(Action::ReadOpenEpisodes, Some(watches.agency));
        (reach == Reach::Region).then_some(watches.agency)
    }

    /// Whether each look at another agency's search has to be written down before it is answered.
    pub fn is_looked_after(&self) -> bool {
        self.coordinates().is_some() && self.holder_of().and_then(|holder| holder.watches).is_some_and(|w| !w.noted)
    }

    fn holder_of(&self) -> Option<&Holder> {
        match &*self.0 {
            Who::Holder(holder) => Some(holder),
            Who::Nobody | Who::Machine(_) => None,
        }
    }

    /// The grant that the viewer acts under.
    pub fn grant(&self) -> Option<&Grant> {
        self.holder_of().map(|holder| &holder.grant)
    }

    /// Every grant that has to hold for the viewer to stand: their own, and their application's.
    pub fn stands_on(&self) -> impl Iterator<Item = &Grant> {
        self.holder_of().into_iter().flat_map(|h| std::iter::once(&h.grant).chain(h.application.as_ref()))
    }

    /// Whether any grant that the viewer stands on is of a role: what is withheld from the role is withheld from both.
    pub fn stands_as(&self, role: Role) -> bool {
        self.stands_on().any(|grant| grant.role == role)
    }

    /// How far an action reaches: a machine's by its table, a holder's no further than any grant they stand on.
    pub fn reach(&self, action: Action) -> Reach {
        self.reach_with(action, None)
    }

    /// How far an action reaches when an agency is designated to coordinate its region: grants there reach further.
    pub fn reach_with(&self, action: Action, coordinator: Option<OrganizationId>) -> Reach {
        if let Some(machine) = self.as_machine() {
            return rules::machine_reach(machine, action);
        }
        let reach = |grant: &Grant| match coordinator {
            Some(coordinator) if coordinator == grant.organization => rules::coordinator_reach(grant.role, action),
            _ => rules::reach(grant.role, action),
        };
        let reached = self.stands_on().map(reach).reduce(Reach::and);
        let apart = self.stands_on().any(|grant| Some(grant.organization) != self.organization());
        match reached {
            // The agency is the user's: an application of another one shares nothing of it.
            Some(Reach::Agency) if apart => Reach::Nowhere,
            reached => reached.unwrap_or(Reach::Nowhere),
        }
    }

    /// The viewer's role.
    pub fn role(&self) -> Option<Role> {
        self.grant().map(|grant| grant.role)
    }

    /// The viewer's agency.
    pub fn organization(&self) -> Option<OrganizationId> {
        self.grant().map(|grant| grant.organization)
    }

    /// The viewer's region.
    pub fn region(&self) -> Option<RegionId> {
        self.grant().map(|grant| grant.region)
    }

    /// The machine, if it is one.
    pub fn as_machine(&self) -> Option<Machine> {
        match &*self.0 {
            Who::Machine(machine) => Some(*machine),
            _ => None,
        }
    }

    /// Whether nobody is asking.
    pub fn is_nobody(&self) -> bool {
        matches!(&*self.0, Who::Nobody)
    }

    /// Whether the token lets the viewer change anything.
    pub fn read_only(&self) -> bool {
        match &*self.0 {
            Who::Nobody => true,
            Who::Holder(holder) => holder.read_only,
            Who::Machine(_) => false,
        }
    }

    /// Until when the viewer stands: the earliest end of token and grants.
    pub fn until(&self) -> Option<At> {
        let token = self.holder_of().map(|holder| holder.expires_at);
        self.stands_on().filter_map(|grant| grant.until).chain(token).min()
    }

    /// The grants by id, for the audit and for limits.
    pub fn grant_id(&self) -> Option<GrantId> {
        self.grant().map(|grant| grant.id)
    }

    /// Whether an application is asking, on its own account or for a person.
    pub fn by_application(&self) -> bool {
        self.stands_on().any(|grant| grant.principal.kind == crate::domain::grant::HolderKind::Application)
    }
}
