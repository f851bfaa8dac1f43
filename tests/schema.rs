//! The published schema and policy are what the program says, and say enough.
use async_graphql::Positioned;
use async_graphql::parser::parse_schema;
use async_graphql::parser::types::{
    FieldDefinition, InputValueDefinition, ServiceDocument, TypeKind, TypeSystemDefinition,
};
use crisis_hub::domain::handoff;
use crisis_hub::graphql::{Schema, limits::Limits};
use crisis_hub::policy::{rules, tiers};
use std::collections::{BTreeMap, BTreeSet};

const SDL: &str = include_str!("../schema/hub.graphql");
const HANDOFFS: &str = include_str!("../schema/handoff-states.txt");
const TIERS: &str = include_str!("../schema/tiers.txt");
const POLICY: &str = include_str!("../schema/policy.txt");

#[test]
fn the_published_schema_is_the_programs() {
    let now = Schema::new(&Limits::default(), false).sdl();
    assert!(
        now.trim() == SDL.trim(),
        "the schema has changed: crisis-hub schema > schema/hub.graphql, and review the diff"
    );
}

#[test]
fn the_demo_speaks_the_same_schema() {
    assert_eq!(Schema::new(&Limits::default(), true).sdl().trim(), SDL.trim());
}

#[test]
fn the_published_policy_is_the_programs() {
    let now = rules::table();
    assert!(
        now.trim() == POLICY.trim(),
        "the policy has changed: crisis-hub schema --policy > schema/policy.txt, and review the diff"
    );
}

#[test]
fn the_published_moves_of_a_handoff_are_the_programs() {
    let now = handoff::table();
    assert!(
        now.trim() == HANDOFFS.trim(),
        "the moves have changed: crisis-hub schema --handoffs > schema/handoff-states.txt, and review the diff"
    );
}

#[test]
fn the_published_tiers_are_the_programs() {
    let now = tiers::table();
    assert!(
        now.trim() == TIERS.trim(),
        "the tiers have changed: crisis-hub schema --tiers > schema/tiers.txt, and review the diff"
    );
}

/// The fields of an object or an input.
fn fields_of(name: &str) -> BTreeSet<String> {
    let is = |definition: &TypeSystemDefinition| match definition {
        TypeSystemDefinition::Type(found) if found.node.name.node == name => Some(found.node.kind.clone()),
        _ => None,
    };
    match document().definitions.iter().find_map(is).unwrap() {
        TypeKind::Object(object) => object.fields.iter().map(|field| field.node.name.node.to_string()).collect(),
        TypeKind::InputObject(input) => input.fields.iter().map(|field| field.node.name.node.to_string()).collect(),
        other => panic!("{name} is {other:?}"),
    }
}

#[test]
fn what_is_said_of_a_need_is_what_a_pathway_has_conditions_for() {
    let mut need = fields_of("NeedInput");
    assert!(need.remove("levelOfCare"), "the level of care is the service's");
    assert!(need.len() > 15, "{need:?}");
    assert_eq!(fields_of("PathwayCriteriaInput"), need);
    assert_eq!(fields_of("PathwayCriteria"), need);
}

fn document() -> ServiceDocument {
    parse_schema(SDL).unwrap()
}

/// What has no description, as `Type.field(argument)`.
fn silent(document: &ServiceDocument) -> BTreeSet<String> {
    fn note<T>(
        silent: &mut BTreeSet<String>,
        path: String,
        description: Option<&Positioned<T>>,
        says: impl Fn(&T) -> bool,
    ) {
        if description.is_none_or(|text| !says(&text.node)) {
            silent.insert(path);
        }
    }
    let says = |text: &String| text.trim().len() > 1;
    let mut silent = BTreeSet::new();
    let input = |silent: &mut BTreeSet<String>, path: String, value: &Positioned<InputValueDefinition>| {
        note(silent, path, value.node.description.as_ref(), says);
    };
    let field = |silent: &mut BTreeSet<String>, name: &str, field: &Positioned<FieldDefinition>| {
        let path = format!("{name}.{}", field.node.name.node);
        for argument in &field.node.arguments {
            input(silent, format!("{path}({})", argument.node.name.node), argument);
        }
        note(silent, path, field.node.description.as_ref(), says);
    };
    for definition in &document.definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let name = definition.node.name.node.to_string();
        note(&mut silent, name.clone(), definition.node.description.as_ref(), says);
        match &definition.node.kind {
            TypeKind::Object(object) => object.fields.iter().for_each(|one| field(&mut silent, &name, one)),
            TypeKind::Interface(interface) => interface.fields.iter().for_each(|one| field(&mut silent, &name, one)),
            TypeKind::InputObject(object) => {
                object.fields.iter().for_each(|one| input(&mut silent, format!("{name}.{}", one.node.name.node), one));
            }
            TypeKind::Enum(values) => {
                for value in &values.values {
                    let path = format!("{name}.{}", value.node.value.node);
                    note(&mut silent, path, value.node.description.as_ref(), says);
                }
            }
            TypeKind::Scalar | TypeKind::Union(_) => {}
        }
    }
    silent
}

#[test]
fn everything_in_the_schema_says_what_it_is() {
    // What the library prints without a place to say more.
    let built_in = |path: &str| {
        let connection = path.ends_with("Connection") && !path.contains('.');
        // A mutation takes one input, whose type says what it is.
        let input = path.starts_with("Mutation.") && path.ends_with("(input)");
        connection || input
    };
    let silent: Vec<_> = silent(&document()).into_iter().filter(|path| !built_in(path)).collect();
    assert_eq!(silent, [""; 0], "write doc comments: they are what an integrator reads");
}

#[test]
fn a_field_without_a_description_would_be_found() {
    let planted = parse_schema("\"\"\"Said.\"\"\" type A { b(c: Int): Int } enum D { E } input F { g: Int }").unwrap();
    let found: Vec<_> = silent(&planted).into_iter().collect();
    assert_eq!(found, ["A.b", "A.b(c)", "D", "D.E", "F", "F.g"]);
}

/// Fields and their arguments, values of enums, fields of inputs, by type.
fn members() -> BTreeMap<String, BTreeSet<String>> {
    let mut members = BTreeMap::new();
    for definition in document().definitions {
        let TypeSystemDefinition::Type(definition) = definition else { continue };
        let names: BTreeSet<String> = match definition.node.kind {
            TypeKind::Object(object) => object
                .fields
                .iter()
                .flat_map(|field| {
                    let name = field.node.name.node.to_string();
                    let arguments =
                        field.node.arguments.iter().map(|argument| format!("{name}({})", argument.node.name.node));
                    arguments.chain([name.clone()]).collect::<Vec<_>>()
                })
                .collect(),
            TypeKind::InputObject(object) => {
                object.fields.iter().map(|field| field.node.name.node.to_string()).collect()
            }
            TypeKind::Enum(values) => values.values.iter().map(|value| value.node.value.node.to_string()).collect(),
            _ => BTreeSet::new(),
        };
        members.insert(definition.node.name.node.to_string(), names);
    }
    members
}

#[test]
fn the_names_that_partners_were_promised_are_there() {
    let members = members();
    for (kind, promised) in [
        ("Query", "viewer node(id) nodes(ids) organizations facilities services bedUnits(filter) bedSearch(need) bedSearch(near)
            bedSearch(withinKm) bedSearch(inCounty) bedSearch(first) bedSearch(after) bedHolds(filter) events(after) events(first)
            auditTrail grants teams(filter) notices(filter) bedUpdateRequests"),
        ("Mutation", "reportBeds(input) holdBed(input) extendHold(input) releaseHold(input) setTeamStatus(input)
            grantRole(input) revokeGrant(input) postNotice(input) requestBedUpdate(input) addHandoffNote(input) disclose(input)
            recordConsent(input) revokeConsent(input)"),
        ("Subscription", "bedsChanged(filter) bedsChanged(after) events(kinds) events(after)"),
        ("Viewer", "may(action) may(id)"),
        ("May", "yes reason"),
        ("BedUnit", "agingAt staleAt expiresAt freshness net shownAs externalIds"),
        ("ShownAs", "AVAILABLE CALL FULL PAUSED"),
        ("BedSearchConnection", "talkNow canCome edges pageInfo asOf"),
        ("TeamStatus", "AVAILABLE ASSIGNED EN_ROUTE ON_SCENE OUT"),
        ("BedSearchEdge", "unit distanceKm fit reasons cursor"),
        ("BedsChanged", "cursor eventId change"),
        ("EventTold", "cursor eventId change"),
        ("Change", "ENTERED CHANGED LEFT"),
        ("AsOf", "time cursor"),
        ("ExternalId", "system value"),
        ("Problem", "code message path current"),
        ("Role", "OFFICER DISPATCHER EMS EMERGENCY_DEPARTMENT INTAKE MOBILE_TEAM LINE_988 PEER ADVOCATE COUNCIL ANALYST
            AGENCY_ADMIN HUB_OPERATOR"),
        ("NeedInput", "levelOfCare age legalStatus roomGenderNeed medicalScreening acuity behaviors24h safetyFlags
            intellectualOrDevelopmentalDisability dementiaOrBrainInjury pregnant medicalDevices oneToOneObservation
            withdrawalRisk vitalsOutOfRange mobility language homeCounty payer"),
        ("RoomGenderNeed", "M F PRIVATE_OR_FLEXIBLE ASK"),
        ("MedicalScreening", "NOT_DONE DONE_STABLE NEEDS_CARE"),
        ("ProblemCode", "STALE_VERSION CONFLICT IDEMPOTENCY_CONFLICT OLDER_THAN_STORED WRONG_STATE"),
    ] {
        for name in promised.split_whitespace() {
            assert!(members[kind].contains(name), "{kind}.{name} was promised");
        }
    }
    for kind in ["Organization", "Facility", "Service", "BedUnit", "Team", "Pathway"] {
        assert!(members[kind].contains("externalIds"), "{kind}");
        assert!(members[&format!("Save{kind}Input")].contains("externalIds"), "{kind}");
    }
    let connections: Vec<_> = members.keys().filter(|kind| kind.ends_with("Connection")).collect();
    assert!(connections.len() >= 5);
    for connection in connections {
        assert!(members[connection].contains("asOf") && members[connection].contains("pageInfo"), "{connection}");
    }
    for (mutation, input) in members["Mutation"].iter().filter_map(|name| name.split_once('(')) {
        assert_eq!(input, "input)", "{mutation} takes one input");
    }
    for (kind, names) in members.iter().filter(|(kind, _)| kind.ends_with("Payload")) {
        assert!(names.contains("problems"), "{kind}");
    }
    let keyed = [
        "reportBeds",
        "pauseBedUnit",
        "resumeBedUnit",
        "saveBedUnit",
        "saveOrganization",
        "saveFacility",
        "saveService",
        "saveTeam",
        "setTeamStatus",
        "grantRole",
        "postNotice",
        "withdrawNotice",
        "acknowledgeNotice",
        "requestBedUpdate",
    ];
    for mutation in keyed {
        let input = format!("{}{}Input", mutation[..1].to_uppercase(), &mutation[1..]);
        assert!(members[&input].contains("idempotencyKey"), "{input}");
    }
}
