//! Finalize requests of registrations.

use doorward_authenticator::{Attestation, Authenticator, base64url};
use doorward_shared::{admin::Role, config::UserVerification};
use doorward_testkit::{Person, TestServer, TestTenant, claims, member_names};
use serde_json::{Value, json};

use crate::support::{Ceremony, server_with_tenant, with_unknown_challenge};

#[tokio::test]
async fn registration_stores_the_credential_and_returns_a_token() {
    let (_server, tenant) = server_with_tenant().await;
    for ceremony in Ceremony::REGISTRATIONS {
        let authenticator = Authenticator::new().backup(true, true).transports(["internal", "hybrid"]);
        let mut person = Person::with(ceremony.path(), authenticator);
        let body = ceremony.begin(&tenant, &mut person).await;
        let response = ceremony.finalize(&tenant, &body).await.expect(200);
        assert_eq!(response.member_names(), ["token"]);
        let claims = claims(&response);
        let id = base64url(&person.authenticator.credentials()[0].id);
        assert_eq!((&claims["sub"], &claims["cred"]), (&json!(person.user_id), &json!(id)));
        assert_eq!(claims["ceremony"], "registration");
        let entry = tenant.entry_of(&response).await;
        assert_eq!(entry.kind(), ceremony.event("final_succeeded"));
        assert_eq!(entry.text("actor_user_id"), Some(person.user_id.clone()));
        assert_eq!(entry.text("credential_id"), Some(id.clone()));
        let detail = json!({
            "attested": false,
            "attestation_trust": "none",
            "attestation_type": "none",
            "attestation_stated": "none",
            "algorithm": "ES256",
            "sign_count": 0,
            "aaguid": uuid::Uuid::nil(),
        });
        assert_eq!(entry.0["detail"], detail);

        let stored = tenant.http.get(&format!("/credentials/{id}")).await.expect(200).json();
        assert_eq!(stored["is_mfa"], ceremony == Ceremony::MfaRegistration);
        assert_eq!(stored["transports"], json!(["internal", "hybrid"]));
        assert_eq!((&stored["backup_eligible"], &stored["backup_state"]), (&json!(true), &json!(true)));
        assert_eq!(stored["name"], format!("cred-{id}"));
    }
}

#[tokio::test]
async fn top_level_transports_of_older_clients_are_stored() {
    let (_server, tenant) = server_with_tenant().await;
    let mut alice = Person::new("alice");
    let mut body = Ceremony::Registration.begin(&tenant, &mut alice).await;
    body["response"].as_object_mut().unwrap().remove("transports");
    body["transports"] = json!(["usb"]);
    let _ = Ceremony::Registration.finalize(&tenant, &body).await.expect(200);
    let list = tenant.http.get("/credentials").await.expect(200).json();
    assert_eq!(list[0]["transports"], json!(["usb"]));
}

#[tokio::test]
async fn default_credential_name_comes_from_the_model() {
    let (_server, tenant) = server_with_tenant().await;
    let model = uuid::Uuid::from_u128(0x2fc0_579f_8113_47ea_b116_bb5a_8db9_202a);
    let authenticator = Authenticator::new().aaguid(*model.as_bytes()).attestation(Attestation::PackedSelf);
    let mut alice = Person::with("alice", authenticator);
    let _ = alice.register(&tenant).await.expect(200);
    let list = tenant.http.get("/credentials").await.expect(200).json();
    assert_eq!((&list[0]["name"], &list[0]["aaguid"]), (&json!("YubiKey 5 NFC"), &json!(model)));
    assert_eq!((&list[0]["model"], &list[0]["model_verified"]), (&json!("YubiKey 5 NFC"), &json!(false)));
}

#[tokio::test]
async fn only_verified_statements_are_listed_as_the_attestation_type() {
    let (server, tenant) = server_with_tenant().await;
    let admin = server.admin("ops", Role::Admin).await;
    let users = [("alice", Attestation::PackedSelf, "packed", true), ("bob", Attestation::None, "none", false)];
    for (name, attestation, stated, attested) in users {
        let mut person = Person::with(name, Authenticator::new().attestation(attestation));
        let registered = person.register(&tenant).await.expect(200);
        let list = tenant.http.get(&format!("/credentials?user_id={name}")).await.expect(200).json();
        let user = admin.get(&format!("/tenants/{}/users/{name}", tenant.id)).await.expect(200).json();
        let entry = tenant.entry_of(&registered).await;
        for shown in [&list[0], &user["credentials"][0], &entry.0["detail"]] {
            assert_eq!((&shown["attested"], &shown["attestation_stated"]), (&json!(attested), &json!(stated)));
            assert_eq!((&shown["attestation_type"], &shown["algorithm"]), (&json!(stated), &json!("ES256")));
        }
    }
    // The format of a statement that cannot be verified is stored, but lists do not show it as the attestation type.
    let mut carol = Person::new("carol");
    let mut body = Ceremony::Registration.begin(&tenant, &mut carol).await;
    let object = doorward_authenticator::from_base64url(body["response"]["attestationObject"].as_str().unwrap());
    let object = object.unwrap();
    let at = object.windows(5).position(|bytes| bytes == b"dnone").unwrap();
    let object = [&object[..at], b"cnew", &object[at + 5..]].concat();
    body["response"]["attestationObject"] = json!(base64url(&object));
    let registered = Ceremony::Registration.finalize(&tenant, &body).await.expect(200);
    let list = tenant.http.get("/credentials?user_id=carol").await.expect(200).json();
    assert_eq!((&list[0]["attestation_type"], &list[0]["attestation_stated"]), (&json!("none"), &json!("new")));
    assert_eq!((&list[0]["attested"], &list[0]["sign_count"]), (&json!(false), &json!(0)));
    assert_eq!(claims(&registered)["amr"], json!(["pop", "user", "mfa"]));
}

#[tokio::test]
async fn malformed_body_returns_the_title_of_the_ceremony() {
    let (_server, tenant) = server_with_tenant().await;
    for ceremony in Ceremony::ALL {
        let mut person = ceremony.person(&tenant, ceremony.path()).await;
        let good = ceremony.begin(&tenant, &mut person).await;
        let mut array = good.clone();
        array["response"] = Value::Array(good["response"].as_object().unwrap().values().cloned().collect());
        let twice = good.to_string().replacen('{', "{\"id\":\"AA\",", 1);
        for body in [
            Vec::new(),
            b"{}".to_vec(),
            b"[]".to_vec(),
            b"null".to_vec(),
            format!("{good} {{}}").into_bytes(),
            format!("{good}x").into_bytes(),
            array.to_string().into_bytes(),
            twice.into_bytes(),
        ] {
            let response = ceremony.finalize_bytes(&tenant, body).await;
            assert_eq!(response.field("title"), ceremony.malformed());
            assert_eq!(response.status, 400);
            assert_eq!(tenant.entry_of(&response).await.kind(), ceremony.event("final_failed"));
        }
        // None of these bodies contained a readable challenge, so the challenge is still valid.
        let spaced = format!(" {good}\r\n").into_bytes();
        let _ = ceremony.finalize_bytes(&tenant, spaced).await.expect(200);
    }
}

#[tokio::test]
async fn unknown_challenge_is_rejected() {
    let (_server, tenant) = server_with_tenant().await;
    for ceremony in Ceremony::ALL {
        let mut person = ceremony.person(&tenant, ceremony.path()).await;
        let options = ceremony.start(&tenant, &person).await;
        let body = ceremony.respond(&mut person, &with_unknown_challenge(&options));
        let response = ceremony.finalize(&tenant, &body).await;
        ceremony.expect_unknown(&tenant, &response).await;
    }
}

#[tokio::test]
async fn unknown_origin_is_rejected() {
    let (_server, tenant) = server_with_tenant().await;
    for ceremony in Ceremony::REGISTRATIONS {
        let mut person = Person::new("alice");
        person.browser = doorward_authenticator::Client::new("https://evil.example.com");
        let body = ceremony.begin(&tenant, &mut person).await;
        let response = ceremony.finalize(&tenant, &body).await;
        assert_eq!(response.field("title"), "failed to validate attestation");
        assert!(!response.field("details").is_empty());
        let _ = ceremony.expect_audited_refusal(&tenant, &response, 400, "origin_mismatch").await;
    }
    assert_eq!(tenant.http.get("/credentials").await.expect(200).json(), json!([]));
}

#[tokio::test]
async fn missing_required_user_verification_returns_422() {
    let (server, _) = server_with_tenant().await;
    let tenant = server.tenant_with(|config| config.mfa.user_verification = UserVerification::Required).await;
    for ceremony in Ceremony::REGISTRATIONS {
        let mut person = Person::with("alice", Authenticator::new().user_verification(false));
        person.browser = person.browser.without_checks();
        let body = ceremony.begin(&tenant, &mut person).await;
        let response = ceremony.finalize(&tenant, &body).await;
        let title = response.field("title");
        assert!(title.starts_with("failed to validate attestation: "), "{title}");
        assert_eq!(response.member_names(), ["code", "details", "status", "title"]);
        let _ = ceremony.expect_audited_refusal(&tenant, &response, 422, "user_verification_missing").await;
    }
}

#[tokio::test]
async fn credential_id_is_unique_only_within_a_tenant() {
    let (server, tenant) = server_with_tenant().await;
    let other = server.tenant().await;
    let mut alice = Person::new("alice");
    let _ = alice.register(&tenant).await.expect(200);
    let id = alice.authenticator.credentials()[0].id.clone();
    for (user, ceremony) in
        [("alice", Ceremony::Registration), ("bob", Ceremony::Registration), ("bob", Ceremony::MfaRegistration)]
    {
        let again = Person::new(user);
        let body = forged_id(&tenant, again, ceremony, &id).await;
        let response = ceremony.finalize(&tenant, &body).await;
        assert_eq!(response.field("title"), "credential already registered");
        let _ = ceremony.expect_audited_refusal(&tenant, &response, 409, "credential_exists").await;
    }
    let body = forged_id(&other, Person::new("alice"), Ceremony::Registration, &id).await;
    let _ = Ceremony::Registration.finalize(&other, &body).await.expect(200);
    let list = tenant.http.get("/credentials").await.expect(200).json();
    assert_eq!((list.as_array().unwrap().len(), &list[0]["user_id"]), (1, &json!("alice")));
}

/// Returns a registration response with the given credential id.
async fn forged_id(tenant: &doorward_testkit::TestTenant, mut person: Person, ceremony: Ceremony, id: &[u8]) -> Value {
    let options = ceremony.start(tenant, &person).await;
    let mut parts = person.browser.create_parts(&mut person.authenticator, &options).unwrap();
    parts.authenticator_data.attested.as_mut().unwrap().credential_id = id.to_vec();
    parts.sign().unwrap().into_json()
}

#[tokio::test]
async fn concurrent_registrations_of_one_credential_id_store_one() {
    let (_server, tenant) = server_with_tenant().await;
    let mut bodies = Vec::new();
    for number in 0..8 {
        let person = Person::new(&format!("user-{number}"));
        bodies.push(forged_id(&tenant, person, Ceremony::Registration, &[9; 32]).await);
    }
    let calls = bodies.iter().map(|body| Ceremony::Registration.finalize(&tenant, body));
    let responses = futures_util::future::join_all(calls).await;
    let mut statuses: Vec<u16> = responses.iter().map(|response| response.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409, 409, 409, 409, 409, 409, 409]);
    assert_eq!(tenant.count("type=webauthn_registration_final_succeeded").await, 1);
    assert_eq!(tenant.count("type=webauthn_registration_final_failed").await, 7);
}

#[tokio::test]
async fn second_registration_renames_the_user_and_keeps_the_credentials() {
    let (_server, tenant) = server_with_tenant().await;
    let _ = Person::new("alice").register(&tenant).await.expect(200);
    let request = json!({ "user_id": "alice", "username": "new", "display_name": "New Name" });
    let options = tenant.http.post("/registration/initialize", &request).await.expect(200).json();
    assert_eq!(options["publicKey"]["user"]["displayName"], "New Name");
    assert_eq!(options["publicKey"]["excludeCredentials"].as_array().unwrap().len(), 1);
    let body = Person::new("alice").create(&options);
    let _ = tenant.anonymous.post("/registration/finalize", &body).await.expect(200);
    let list = tenant.http.get("/credentials?user_id=alice").await.expect(200).json();
    assert_eq!(list.as_array().unwrap().len(), 2);
    assert_eq!(member_names(&list[0]).len(), 17, "no last_used_at yet");
}

async fn tenant_with_limit(server: &TestServer, limit: u32) -> TestTenant {
    server.tenant_with(|config| config.limits.credentials_per_user = limit).await
}

#[tokio::test]
async fn registration_beyond_the_limit_is_refused_when_it_starts() {
    let server = TestServer::start().await;
    let tenant = tenant_with_limit(&server, 2).await;
    let _ = Person::new("alice").register(&tenant).await.expect(200);
    let _ = Person::new("alice").register_mfa(&tenant).await.expect(200);
    for ceremony in Ceremony::REGISTRATIONS {
        let request = json!({ "user_id": "alice", "username": "renamed" });
        let refused = tenant.http.post(&format!("{}/initialize", ceremony.path()), &request).await;
        let details = "the user may have at most 2 credentials; delete one before you register another";
        refused.expect_error(409, "too_many_credentials", "too many credentials", details);
        tenant.expect_audited_refusal(&refused, 409, "too_many_credentials", &ceremony.event("init_failed")).await;
    }
    let users = server.admin("ops", Role::Admin).await.get(&format!("/tenants/{}/users", tenant.id)).await;
    assert_eq!(users.expect(200).json()[0]["name"], "alice@example.com", "the refusal changed nothing");
    let _ = Person::new("bob").register(&tenant).await.expect(200);
    let first = tenant.http.get("/credentials?user_id=alice&order=asc").await.expect(200).json();
    let _ = tenant.http.delete(&format!("/credentials/{}", first[0]["id"].as_str().unwrap())).await.expect(204);
    let _ = Person::new("alice").register(&tenant).await.expect(200);
}

#[tokio::test]
async fn concurrent_registrations_do_not_exceed_the_limit() {
    let server = TestServer::start().await;
    let tenant = tenant_with_limit(&server, 3).await;
    let mut bodies = Vec::new();
    for _ in 0..8 {
        bodies.push(Ceremony::Registration.begin(&tenant, &mut Person::new("alice")).await);
    }
    let calls = bodies.iter().map(|body| Ceremony::Registration.finalize(&tenant, body));
    let responses = futures_util::future::join_all(calls).await;
    let mut statuses: Vec<u16> = responses.iter().map(|response| response.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 200, 200, 409, 409, 409, 409, 409]);
    let refused = responses.iter().find(|response| response.status == 409).unwrap();
    let kind = Ceremony::Registration.event("final_failed");
    tenant.expect_audited_refusal(refused, 409, "too_many_credentials", &kind).await;
}
