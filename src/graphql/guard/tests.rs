//! Each limit just under and just over, and documents made to hurt.
use super::{Checked, Limit, Refused, lexer, weigh};
use crate::graphql::limits::Limits;
use async_graphql::parser::{parse_query, types::OperationType};
use async_graphql::{Value, Variables, value};
use proptest::prelude::*;
use std::time::{Duration, Instant};

fn check(text: &str) -> Result<Checked, Refused> {
    check_with(text, value!({}), &Limits::default())
}

fn check_with(text: &str, variables: Value, limits: &Limits) -> Result<Checked, Refused> {
    super::check(text, None, &Variables::from_value(variables), limits)
}

fn complexity(text: &str, variables: Value) -> usize {
    check_with(text, variables, &Limits::default()).unwrap().complexity
}

/// Passes with `max` under a limit of `max`, and is refused by name under one less.
#[track_caller]
fn at_the_limit(text: &str, variables: &Value, limit: Limit, max: usize, set: impl Fn(&mut Limits, usize)) {
    let mut limits = Limits { walk_max: usize::MAX, ..Limits::default() };
    set(&mut limits, max);
    check_with(text, variables.clone(), &limits).unwrap();
    set(&mut limits, max - 1);
    assert_excess(check_with(text, variables.clone(), &limits), limit);
}

#[track_caller]
fn assert_excess(result: Result<Checked, Refused>, limit: Limit) {
    match result {
        Err(refused @ Refused::Excess(excess)) => {
            assert_eq!(excess.limit, limit);
            assert_eq!(refused.code(), "LIMIT_EXCEEDED");
            let message = refused.to_string();
            assert!(message.contains(&excess.max.to_string()) && message.contains(limit.text().0), "{message}");
        }
        other => panic!("{:?}", other.map(|checked| checked.complexity)),
    }
}

#[track_caller]
fn assert_invalid(text: &str, with: &str) {
    let refused = check(text).unwrap_err();
    assert_eq!(refused.code(), "BAD_USER_INPUT");
    assert!(refused.to_string().contains(with), "{refused}");
}

#[test]
fn a_limit_is_the_last_number_that_passes() {
    let none = value!({});
    at_the_limit("{ a(b: \"c d\") }", &none, Limit::Tokens, 8, |limits, max| limits.tokens_max = max);
    at_the_limit("{ a(b: [{c: 1}]) }", &none, Limit::Nesting, 4, |limits, max| limits.nesting_max = max);
    at_the_limit("query($a: [[I!]]) @a { a @b @c(d: 1) }", &none, Limit::Directives, 3, |limits, max| {
        limits.directives_max = max;
    });
    at_the_limit("{ a { b { c } } d }", &none, Limit::Depth, 3, |limits, max| limits.depth_max = max);
    let twice = "{ a: b { ...F } c { ...F } } fragment F on T { x: y }";
    at_the_limit(twice, &none, Limit::Aliases, 3, |limits, max| limits.aliases_max = max);
    let spread = "{ a ...F ... { c } } fragment F on Query { d e }";
    at_the_limit(spread, &none, Limit::RootFields, 4, |limits, max| limits.root_fields_max = max);
    let page = "query($n: Int) { a(first: $n) { edges { node { b } } } }";
    at_the_limit(page, &value!({"n": 7}), Limit::Page, 7, |limits, max| limits.page_max = max);
    at_the_limit(page, &value!({"n": 7}), Limit::Complexity, 22, |limits, max| limits.complexity_max = max);
    at_the_limit("{ a }", &value!({"v": [{"w": [1]}]}), Limit::VariablesNesting, 3, |limits, max| {
        limits.variables_nesting_max = max;
    });
    let meta = "{ __type(name: \"A\") { fields { name args { name } } } }";
    at_the_limit(meta, &none, Limit::IntrospectionFields, 5, |limits, max| limits.introspection_fields_max = max);
    at_the_limit(meta, &none, Limit::IntrospectionDepth, 4, |limits, max| limits.introspection_depth_max = max);
    at_the_limit(meta, &none, Limit::IntrospectionComplexity, 42, |limits, max| {
        limits.introspection_complexity_max = max;
    });
    // Two definitions of two selections each, each compared once: 4 + 4; and a variable of 4 values.
    let walk = "query($v: [Int]) { a(b: $v) c } fragment F on T { d e }";
    at_the_limit(walk, &value!({"v": [1, 2, 3]}), Limit::Walk, 12, |limits, max| limits.walk_max = max);
}

#[test]
fn the_published_defaults_are_what_counts() {
    let fields = |count: usize| vec!["a"; count].join(" ");
    check(&format!("{{ a {{ {} }} }}", fields(1_995))).unwrap();
    assert_excess(check(&format!("{{ a {{ {} }} }}", fields(1_996))), Limit::Tokens);
    let deep = |depth: usize| format!("{{{}a{}}}", "a{".repeat(depth - 1), "}".repeat(depth - 1));
    check(&deep(12)).unwrap();
    assert_excess(check(&deep(13)), Limit::Depth);
    check(&format!("{{ {} }}", fields(10))).unwrap();
    assert_excess(check(&format!("{{ {} }}", fields(11))), Limit::RootFields);
    check(&format!("{{ a {{ {} }} }}", "x: y ".repeat(15))).unwrap();
    assert_excess(check(&format!("{{ a {{ {} }} }}", "x: y ".repeat(16))), Limit::Aliases);
    check(&format!("{{ a {} }}", "@d ".repeat(20))).unwrap();
    assert_excess(check(&format!("{{ a {} }}", "@d ".repeat(21))), Limit::Directives);
    let page = |first: usize| format!("{{ a(first: {first}) {{ edges {{ node {{ b }} }} }} }}");
    check(&page(100)).unwrap();
    assert_excess(check(&page(101)), Limit::Page);
    let comment = |bytes: usize| format!("{{a}}#{}", "c".repeat(bytes - 4));
    check(&comment(102_400)).unwrap();
    assert_eq!(check(&comment(102_401)).unwrap_err().code(), "PAYLOAD_TOO_LARGE");
}

#[test]
fn a_connection_costs_its_page_times_its_node() {
    for (text, variables, cost) in [
        ("{ a }", value!({}), 1),
        ("{ a(first: 10) { edges { node { b } } pageInfo { c } } }", value!({}), 1 + 10 * 3 + 2),
        ("{ a(last: 10) { nodes { b } } }", value!({}), 1 + 10 * 2),
        ("{ a(first: 2, last: 10) { nodes { b } } }", value!({}), 1 + 10 * 2),
        ("{ a { edges { node { b } } } }", value!({}), 1 + 25 * 3),
        ("{ a(first: null) { edges { node { b } } } }", value!({}), 1 + 25 * 3),
        ("{ a(first: 0) { nodes { b } } }", value!({}), 1 + 2),
        ("{ a(first: -5) { nodes { b } } }", value!({}), 1 + 2),
        ("{ a(first: \"x\") { nodes { b } } }", value!({}), 1 + 100 * 2),
        ("query($n: Int = 4) { a(first: $n) { nodes { b } } }", value!({}), 1 + 4 * 2),
        ("query($n: Int = 4) { a(first: $n) { nodes { b } } }", value!({"n": 9}), 1 + 9 * 2),
        ("query($n: Int = 4) { a(first: $n) { nodes { b } } }", value!({"n": null}), 1 + 25 * 2),
        ("{ a(first: 3) { ...C } } fragment C on C { edges { ...E } } fragment E on E { node { b } }", value!({}), 10),
        ("{ a(first: 3) { ... { ... on C { nodes { b(first: 5) { nodes { c } } } } } } }", value!({}), 1 + 3 * 12),
        ("{ nodes(ids: [1, 2, 3]) { a } }", value!({}), 1 + 3),
        ("query($i: [ID!]!) { nodes(ids: $i) { a b } }", value!({"i": [1, 2]}), 1 + 4),
        ("query($i: [ID!]!) { nodes(ids: $i) { a b } }", value!({"i": "x"}), 1 + 2),
        ("query($r: [_Any!]!) { _entities(representations: $r) { a } }", value!({"r": [{}, {}]}), 1 + 2),
        ("{ __schema { types { name fields { name } } } }", value!({}), 1),
    ] {
        assert_eq!(complexity(text, variables.clone()), cost, "{text} {variables}");
    }
    let unit = |n: usize| value!({"input": {"units": vec![1; n]}});
    let report = "mutation($input: I!) { reportBeds(input: $input) { bedUnits { a b } problems { c } replayed } }";
    for (text, variables, cost) in [
        (report, unit(1), 1 + 3 + 2 + 1),
        (report, unit(200), 1 + 200 * (3 + 2) + 1),
        // It does not say how many: as many as a page has.
        (report, value!({"input": {"facilityId": "f"}}), 1 + 25 * (3 + 2) + 1),
        (
            "mutation { reportBeds(input: {units: [{a: 1}, {a: 2}], b: [1]}) { ...P } } fragment P on P { bedUnits { a } }",
            value!({}),
            1 + 2 * 2,
        ),
        (
            "mutation($u: [U!]) { reportBeds(input: {units: $u}) { problems { a } } }",
            value!({"u": [1, 2, 3]}),
            1 + 3 * 2,
        ),
        ("{ facility { bedUnits { a } } }", value!({}), 1 + 25 * 2),
        ("{ facility { bedUnits(first: 100) { a } } }", value!({}), 1 + 1 + 100),
        ("{ facility { bedUnits { facility { bedUnits { a } } } } }", value!({}), 1 + 25 * (1 + 1 + 25 * 2)),
        ("{ bedUnits(first: 3) { edges { node { a } } asOf { time } } }", value!({}), 1 + 3 * 3 + 2),
    ] {
        assert_eq!(complexity(text, variables.clone()), cost, "{text} {variables}");
    }
    let nested = "{ a(first: 100) { nodes { b(first: 100) { nodes { c } } } } }";
    assert_excess(check(nested), Limit::Complexity);
    for huge in ["4294967297", "18446744073709551615"] {
        assert_excess(check(&format!("{{ a(first: {huge}) {{ nodes {{ b }} }} }}")), Limit::Page);
    }
    let ids = vec!["1"; 1_900].join(",");
    assert_excess(check(&format!("{{ nodes(ids: [{ids}]) {{ a {{ b }} c }} }}")), Limit::Complexity);
}

fn bomb(levels: usize, spreads: usize) -> String {
    let fragment =
        |level: usize| format!("fragment F{level} on Query {{ {} }}\n", format!("...F{} ", level + 1).repeat(spreads));
    let fragments: String = (0..levels).map(fragment).collect();
    format!("{{ ...F0 }} {fragments} fragment F{levels} on Query {{ a }}")
}

#[test]
fn a_fragment_bomb_is_refused_without_being_walked() {
    let unused = |text: String| text.replacen("...F0", "a", 1);
    let bombs = [bomb(23, 2), bomb(7, 10), unused(bomb(23, 2)), unused(bomb(7, 10))];
    for text in bombs.iter().chain([&format!("query A {{ a }} query B {}", bomb(7, 10))]) {
        let document = parse_query(text).unwrap();
        let operation = document.operations.iter().next().unwrap().1;
        let started = Instant::now();
        let refused = weigh::weigh(&document, &operation.node, &Variables::default(), &Limits::default());
        assert!(started.elapsed() < Duration::from_millis(100), "{:?}", started.elapsed());
        assert!(matches!(refused, Err(Refused::Excess(excess)) if excess.limit == Limit::Walk), "{refused:?}");
    }
    assert_excess(check(&bomb(23, 2)), Limit::Walk);
    // A variable is copied wherever it is used.
    let uses = format!("query($v: [Int]) {{ a {{ {} }} }}", "b(c: $v) ".repeat(250));
    let large = Value::List(vec![value!(1); 10_000]);
    assert_excess(check_with(&uses, value!({"v": large}), &Limits::default()), Limit::Walk);
}

#[test]
fn a_chain_of_fragments_may_not_nest_deeper_than_text() {
    let limits = Limits::default();
    check(&bomb(limits.nesting_max - 2, 1)).unwrap();
    for levels in [limits.nesting_max - 1, 180] {
        assert_excess(check(&bomb(levels, 1)), Limit::Nesting);
        assert_excess(check(&bomb(levels + 1, 1).replacen("...F0", "a", 1)), Limit::Nesting);
    }
}

#[test]
fn cycles_end_and_what_is_unknown_is_left_to_validation() {
    assert_invalid("{ ...A } fragment A on Q { a { ...A } }", "spreads itself");
    assert_invalid("{ a } fragment A on Q { ...B } fragment B on Q { a ...A }", "spreads itself");
    check("{ ...Nowhere a(first: $nowhere, ids: $nowhere) { edges { node { b } } } }").unwrap();
}

#[test]
fn rules_that_the_library_lacks() {
    assert_invalid("{ a } query B { b }", "multiple operations");
    assert_invalid("query A { a } query A { b }", "defined twice");
    assert_invalid("query A { a } query B { b }", "operationName");
    assert_invalid("fragment A on Q { a }", "operation");
    assert_invalid("type A { a: Int }", "syntax error");
    assert_invalid("subscription { a b }", "exactly one field");
    assert_invalid("subscription { ...F } fragment F on S { a ... { b } }", "exactly one field");
    assert_invalid("subscription { __typename }", "introspection");
    assert_invalid("subscription { ... { __schema { types { name } } } }", "introspection");
    assert_invalid("query($a: Int!) { a(b: $a) }", "$a is required");
    let null = check_with("query($a: Int! = 1) { a(b: $a) }", value!({"a": null}), &Limits::default());
    assert!(null.unwrap_err().to_string().contains("required"));
    check("query($a: Int! = 1, $b: Int) { a(b: $a, c: $b) }").unwrap();

    let named = |name| super::check("query A { a } mutation B { b }", name, &Variables::default(), &Limits::default());
    assert_eq!(named(Some("A")).unwrap().kind, OperationType::Query);
    assert_eq!(named(Some("B")).unwrap().kind, OperationType::Mutation);
    assert!(named(Some("C")).is_err() && named(None).is_err());
    assert_eq!(check("subscription { ...F } fragment F on S { a }").unwrap().kind, OperationType::Subscription);
}

#[test]
fn a_syntax_error_says_where_and_quotes_little() {
    let refused = check("{\n  a(b: ~~~) \n}").unwrap_err();
    assert_eq!(refused.to_string(), "syntax error at line 2, column 8: this begins no token; found `~~~) `");
    let refused = check(&format!("{{ a }} é{}", "x".repeat(50_000))).unwrap_err();
    assert!(refused.to_string().contains("line 1, column 7") && refused.to_string().len() < 200, "{refused}");
    let refused = check(&format!("{{ a(b {}) }}", "x".repeat(50_000))).unwrap_err();
    assert!(refused.to_string().contains("line 1, column ") && refused.to_string().len() < 250, "{refused}");
    let refused = check(&format!("query {0} {{ a }} query {0} {{ a }}", "x".repeat(40_000))).unwrap_err();
    assert!(refused.to_string().len() < 200 && refused.at().is_some(), "{refused}");
    for unended in
        ["{ a(b: \"x) }", "{ a(b: \"x\n\") }", "{ a(b: \"\"\"x\"\") }", "{ a(b: \"\\q\") }", "{ a }}", "{ a(b: -) }"]
    {
        assert!(matches!(check(unended), Err(Refused::Invalid { at: Some(_), .. })), "{unended}");
    }
    for whole in [
        "\u{feff}{ a(b: \"\\\"\\u0041{{{\") }",
        "{ a(b: \"\"\"{{ \\\"\"\" \"\" \"\"\") }",
        "{a(b:[-0 1.5e-3 2E9 00])#}\n}",
    ] {
        check(whole).unwrap();
    }
}

#[test]
fn deep_nesting_of_any_kind_is_refused_on_a_small_stack() {
    let deep = |open: &str, close: &str| format!("{}{}", open.repeat(3_000), close.repeat(3_000));
    let (lists, objects) = (deep("[", "]"), format!("{}1{}", "{a:".repeat(3_000), "}".repeat(3_000)));
    let texts = vec![
        format!("{{ __type(name: {lists}) {{ name }} }}"),
        format!("{{ a(b: {objects}) }}"),
        format!("{}a{}", "{a".repeat(3_000), "}".repeat(3_000)),
        format!("{}a{}", "{...".repeat(3_000), "}".repeat(3_000)),
        format!("query($a: {}) {{ a }}", lists.replace("[]", "[Int]")),
        format!("query($a: Int = {lists}) {{ a }}"),
        format!("query($a: Int @d(b: {lists})) {{ a }}"),
        format!("{{ a @d(b: {objects}) }}"),
        "[".repeat(90_000),
        "{a(b:[".repeat(10_000),
        "]".repeat(90_000),
        "[}".repeat(40_000),
    ];
    let small = std::thread::Builder::new().stack_size(256 * 1024);
    let run = small.spawn(move || {
        let refused = |text: &String| {
            check_with(text, value!({}), &Limits { tokens_max: usize::MAX, ..Limits::default() }).is_err()
        };
        texts.iter().all(refused)
    });
    assert!(run.unwrap().join().unwrap());
}

#[test]
fn what_nests_as_deep_as_allowed_parses_on_a_worker_threads_stack() {
    let open = |count: usize, open: &str, middle: &str, close: &str| {
        format!("{}{middle}{}", open.repeat(count), close.repeat(count))
    };
    let texts = [
        format!("{{ a(b: {}) }}", open(30, "[", "1", "]")),
        format!("{{ a(b: {}) }}", open(30, "{a:", "1", "}")),
        format!("query($a: {} = {}) {{ a }}", open(30, "[", "I", "]"), open(31, "[", "1", "]")),
        open(31, "{ ...", "{ a }", "}"),
    ];
    let worker = std::thread::Builder::new().stack_size(1024 * 1024);
    worker.spawn(move || texts.iter().for_each(|text| drop(check(text).unwrap()))).unwrap().join().unwrap();
}

/// What graphql-js's `getIntrospectionQuery` asks for with every option on, from the specification's list of fields.
fn introspection() -> String {
    let of_type = format!("{}kind name{}", "kind name ofType { ".repeat(9), " }".repeat(9));
    format!(
        "query IntrospectionQuery {{ __schema {{ description
            queryType {{ name kind }} mutationType {{ name kind }} subscriptionType {{ name kind }}
            types {{ ...FullType }}
            directives {{ name description isRepeatable locations args(includeDeprecated: true) {{ ...InputValue }} }} }} }}
        fragment FullType on __Type {{ kind name description specifiedByURL isOneOf
            fields(includeDeprecated: true) {{ name description args(includeDeprecated: true) {{ ...InputValue }}
                type {{ ...TypeRef }} isDeprecated deprecationReason }}
            inputFields(includeDeprecated: true) {{ ...InputValue }}
            interfaces {{ ...TypeRef }}
            enumValues(includeDeprecated: true) {{ name description isDeprecated deprecationReason }}
            possibleTypes {{ ...TypeRef }} }}
        fragment InputValue on __InputValue {{ name description type {{ ...TypeRef }} defaultValue isDeprecated deprecationReason }}
        fragment TypeRef on __Type {{ {of_type} }}"
    )
}

#[test]
fn introspection_has_a_budget_of_its_own() {
    assert_eq!(check(&introspection()).unwrap().complexity, 1);
    let aside = introspection().replacen("__schema", "...R } fragment R on Query { __schema", 1);
    assert_eq!(check(&aside).unwrap().complexity, 1);
    // Types of fields of types of fields: the answer would grow tenfold a level.
    let nested = format!("{{ __schema {{ types {{ {}name{} }} }} }}", "fields { type { ".repeat(3), " } }".repeat(3));
    assert_excess(check(&nested), Limit::IntrospectionComplexity);
    let deep = format!("{{ __schema {{ queryType {{ {}name{} }} }} }}", "ofType { ".repeat(18), " }".repeat(18));
    assert_excess(check(&deep), Limit::IntrospectionDepth);
    check(&deep.replacen("ofType {", "... {", 1)).unwrap();
    let wide = format!("{{ __type(name: \"A\") {{ {} }} }}", "name ".repeat(500));
    assert_excess(check(&wide), Limit::IntrospectionFields);
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// Documents of the specification's grammar, as lists of tokens.
fn documents() -> impl Strategy<Value = Vec<String>> {
    let scalar = prop::sample::select(vec![
        "1",
        "-0",
        "0.5e+9",
        "7E1",
        "\"\"",
        "\"a{[(\\\"\\\\ \\u00e9 #\"",
        "\"\"\"b \\\"\"\" {[\n\"\"\"",
        "\"\"\"\"\"\"",
        "true",
        "null",
        "ENUM",
        "_x9",
    ]);
    let value = scalar.prop_map(move |scalar| vec![scalar.to_owned()]).prop_recursive(3, 12, 3, move |inner| {
        let items = prop::collection::vec(inner, 0..3);
        prop_oneof![
            Just(words(&["$", "v"])),
            items.clone().prop_map(|items| [vec!["[".to_owned()], items.concat(), vec!["]".to_owned()]].concat()),
            items.prop_map(|items| {
                let fields =
                    items.into_iter().flat_map(|item| ["k".to_owned(), ":".to_owned()].into_iter().chain(item));
                std::iter::once("{".to_owned()).chain(fields).chain(["}".to_owned()]).collect()
            }),
        ]
    });
    let arguments = prop::option::of(value).prop_map(move |value| match value {
        Some(value) => [words(&["(", "arg", ":"]), value, words(&[")"])].concat(),
        None => Vec::new(),
    });
    let directive = arguments.clone().prop_map(move |arguments| [words(&["@", "dir"]), arguments].concat());
    let directives = prop::collection::vec(directive, 0..2).prop_map(|directives| directives.concat());
    let lead = prop::sample::select(vec![vec!["f"], vec!["a", ":", "true"], vec!["on"]]);
    let field = (lead, arguments, directives)
        .prop_map(move |(lead, arguments, directives)| [words(&lead), arguments, directives].concat());
    let set = |items: Vec<Vec<String>>| [words(&["{"]), items.concat(), words(&["}"])].concat();
    let selection = field.clone().prop_recursive(4, 16, 3, move |inner| {
        let sets = prop::collection::vec(inner, 1..3).prop_map(set);
        prop_oneof![
            (field.clone(), sets.clone()).prop_map(|(field, set)| [field, set].concat()),
            sets.prop_map(|set| [vec!["...".to_owned()], set].concat()),
            Just(vec!["...".to_owned(), "Spread".to_owned()]),
        ]
    });
    prop::collection::vec(selection, 1..4).prop_map(set)
}

fn unlimited() -> Limits {
    Limits { tokens_max: usize::MAX, nesting_max: usize::MAX, directives_max: usize::MAX, ..Limits::default() }
}

proptest! {
    #[test]
    fn any_bytes_end_in_an_answer(bytes in prop::collection::vec(any::<u8>(), 0..2_000)) {
        let _ = check(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn any_tokens_end_in_an_answer_and_what_parses_is_not_refused_for_its_syntax(
        tokens in prop::collection::vec(prop::sample::select(vec![
            "{", "}", "(", ")", "[", "]", ":", "...", "@", "$", "!", "=", "|", "&", "a", "on", "query", "fragment", "subscription",
            "F", "__schema", "edges", "first", "1", "-", ".5", "00", "\"", "\"\"\"", "\\", "#", "\n", ",", " ", "\u{feff}", "é",
        ]), 0..200),
        apart in any::<bool>(),
    ) {
        let text = tokens.join(if apart { " " } else { "" });
        let _ = check(&text);
        // The parser takes a block string without an end for an empty string; the specification does not.
        if !text.contains("\"\"\"") && text.len() < 400 && parse_query(&text).is_ok() {
            prop_assert_eq!(lexer::scan(&text, &unlimited()), Ok(()));
        }
    }

    #[test]
    fn the_lexer_counts_the_tokens_that_the_grammar_has(
        tokens in documents(),
        between in prop::collection::vec(prop::sample::select(vec![" ", ",", "\n", "\r\n\t", "# } \" {\n", "\u{feff}"]), 64),
    ) {
        let text: String = tokens.iter().zip(between.iter().cycle()).flat_map(|(token, space)| [token.as_str(), space]).collect();
        prop_assert!(parse_query(&text).is_ok(), "{}", text);
        let at = |tokens_max| lexer::scan(&text, &Limits { tokens_max, ..unlimited() });
        prop_assert_eq!(at(tokens.len()), Ok(()));
        prop_assert!(at(tokens.len() - 1).is_err());
    }
}
