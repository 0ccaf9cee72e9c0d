//! The tenant setting `webauthn.algorithms`.

use doorward_authenticator::{Algorithm, Authenticator};
use doorward_shared::CoseAlgorithm;
use doorward_testkit::{Person, TestServer};
use serde_json::json;

use crate::support::{Ceremony, server_with_tenant};

const ALGORITHMS: [(Algorithm, CoseAlgorithm); 8] = [
    (Algorithm::EdDsa, CoseAlgorithm::EdDsa),
    (Algorithm::Es256, CoseAlgorithm::Es256),
    (Algorithm::Rs256, CoseAlgorithm::Rs256),
    (Algorithm::Es384, CoseAlgorithm::Es384),
    (Algorithm::Es512, CoseAlgorithm::Es512),
    (Algorithm::MlDsa44, CoseAlgorithm::MlDsa44),
    (Algorithm::MlDsa65, CoseAlgorithm::MlDsa65),
    (Algorithm::MlDsa87, CoseAlgorithm::MlDsa87),
];

#[tokio::test]
async fn credentials_of_every_algorithm_register_and_log_in() {
    let server = TestServer::start().await;
    let tenant = server.tenant_with(|config| config.webauthn.algorithms = CoseAlgorithm::ALL.to_vec()).await;
    for (algorithm, name) in ALGORITHMS {
        for ceremony in [Ceremony::Login, Ceremony::MfaLogin] {
            let user = format!("{name}-{}", ceremony.path());
            let mut person = Person::with(&user, Authenticator::new().algorithm(algorithm));
            let registered = match ceremony {
                Ceremony::Login => person.register(&tenant).await,
                _ => person.register_mfa(&tenant).await,
            };
            let _ = registered.expect(200);
            let response = match ceremony {
                Ceremony::Login => person.login(&tenant).await,
                _ => person.mfa_login(&tenant).await,
            };
            let _ = response.expect(200);
            let query = format!("/credentials?user_id={}", user.replace('/', "%2F"));
            let stored = tenant.http.get(&query).await.expect(200).json();
            assert_eq!(stored[0]["algorithm"], json!(name.as_str()));
        }
    }
}

#[tokio::test]
async fn post_quantum_algorithms_are_neither_offered_nor_accepted_by_default() {
    let (_server, tenant) = server_with_tenant().await;
    for ceremony in Ceremony::REGISTRATIONS {
        let mut person = Person::with(ceremony.path(), Authenticator::new().algorithm(Algorithm::MlDsa65));
        person.browser = person.browser.clone().without_checks();
        let body = ceremony.begin(&tenant, &mut person).await;
        let response = ceremony.finalize(&tenant, &body).await;
        let _ = ceremony.expect_audited_refusal(&tenant, &response, 400, "algorithm_unsupported").await;
    }
}
