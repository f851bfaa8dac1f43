//! Shares in the schema: that an agency is told of a handoff by consent.
use super::directory::Organization;
use super::error::Answer;
use super::handoff::{Handoff, handoff};
use super::scalars::{Code, DateTime, id};
use super::seen::{Seen, pace};
use crate::app;
use crate::domain::sealed::{ConsentKind, NOTICE};
use crate::policy::view::ShareView;
use async_graphql::parser::types::{Field, FragmentDefinition, Selection, SelectionSet, TypeCondition};
use async_graphql::{Context, ID, Name, Object, Positioned};
use std::collections::HashMap;

type Fragments = HashMap<Name, Positioned<FragmentDefinition>>;

const NOTICE_FIELD: &str = "redisclosureNotice";

/// What is told by consent and protected by 42 CFR Part 2 is answered with its notice, or not at all: `needs` says whether something
/// of what was found is so, and `asked` whether the notice is answered with it.
pub(super) fn shown<T>(
    found: T,
    needs: impl FnOnce(&T) -> bool,
    asked: impl FnOnce(&T) -> bool,
) -> Result<T, app::Error> {
    if needs(&found) && !asked(&found) {
        let says = "ask for `redisclosureNotice`: it stands with what is told by consent and 42 CFR Part 2 protects";
        return Err(app::Error::BadInput(says.into()));
    }
    Ok(found)
}

/// Whether a list asks for the notice of each of its objects, or of the share that it is told by.
pub(super) fn each_with_notice(ctx: &Context<'_>) -> bool {
    let each = ctx.look_ahead().field("edges").field("node");
    each.field(NOTICE_FIELD).exists() || each.field("share").field(NOTICE_FIELD).exists()
}

/// Whether this field, which may answer objects of many types, asks for the notice of those of one: what is asked of another type
/// is not answered with it.
pub(super) fn with_notice(ctx: &Context<'_>, of: &str) -> bool {
    let fragments = &ctx.query_env.fragments;
    let notice = |field: &Field| field.name.node == NOTICE_FIELD;
    asks(fragments, &ctx.item.node.selection_set.node, of, &|field| {
        let share = || asks(fragments, &field.selection_set.node, "HandoffShare", &notice);
        notice(field) || (field.name.node == "share" && share())
    })
}

fn asks(fragments: &Fragments, set: &SelectionSet, of: &str, wanted: &dyn Fn(&Field) -> bool) -> bool {
    // A fragment on a type is answered by its objects, and one on what an object is among others.
    let is_of =
        |on: &Positioned<TypeCondition>| on.node.on.node == of || matches!(&*on.node.on.node, "Node" | "_Entity");
    set.items.iter().any(|item| match &item.node {
        Selection::Field(field) => wanted(&field.node),
        Selection::InlineFragment(part) => {
            let (on, set) = (&part.node.type_condition, &part.node.selection_set.node);
            on.as_ref().is_none_or(is_of) && asks(fragments, set, of, wanted)
        }
        Selection::FragmentSpread(spread) => fragments.get(&spread.node.fragment_name.node).is_some_and(|part| {
            is_of(&part.node.type_condition) && asks(fragments, &part.node.selection_set.node, of, wanted)
        }),
    })
}

/// That your agency is told of a handoff by a standing consent of the person: where it stands, and what became of the person. It
/// is there as long as the consent stands, and for those whom the consent names.
#[derive(Clone)]
pub struct HandoffShare {
    view: ShareView,
    seen: Seen,
}

impl HandoffShare {
    pub(super) fn new(view: ShareView, seen: &Seen) -> Self {
        Self { view, seen: seen.clone() }
    }

    pub(super) fn needs_notice(&self) -> bool {
        self.view.share().part2
    }
}

/// That your agency is told of a handoff by a standing consent of the person: where it stands, and what became of the person. It
/// is there as long as the consent stands, and for those whom the consent names.
#[Object]
impl HandoffShare {
    /// Opaque id.
    pub(super) async fn id(&self) -> ID {
        id(self.view.share().id)
    }
    /// Raised by everything that is told.
    async fn version(&self) -> i64 {
        self.view.share().version
    }
    /// The handoff, for `node`.
    async fn handoff_id(&self) -> ID {
        id(self.view.share().handoff)
    }
    /// The handoff.
    async fn handoff(&self, ctx: &Context<'_>) -> Answer<Handoff> {
        handoff(ctx, self.view.share().handoff).await
    }
    /// What the person agreed to. INVOLVED_PERSON is read by advocates, PEER by peers, OUTCOME_TO_REFERRER by ambulance and peers
    /// of the sender; police are told that somebody was received, and no outcome.
    async fn kind(&self) -> Code<ConsentKind> {
        Code(self.view.share().kind)
    }
    /// The agency whose follow-ups are told.
    async fn from(&self) -> Option<Organization> {
        pace().await;
        self.seen.entry(self.view.share().from).map(|entry| Organization::new(entry, &self.seen))
    }
    /// Since when your agency is told.
    async fn since(&self) -> DateTime {
        DateTime(self.view.share().begun_at)
    }
    /// Until when, unless the consent is revoked before.
    async fn until(&self) -> DateTime {
        DateTime(self.view.share().until)
    }
    /// The notice on redisclosure (42 CFR 2.32), where one of the handoff's agencies is a program under 42 CFR Part 2: show it
    /// and keep it with what you are told, wherever that goes.
    async fn redisclosure_notice(&self) -> Option<&str> {
        self.view.share().part2.then_some(NOTICE)
    }
}
