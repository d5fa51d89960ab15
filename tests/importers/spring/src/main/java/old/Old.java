package old;

import java.util.List;
import java.util.Map;
import java.util.Set;
import org.springframework.jdbc.core.JdbcTemplate;
import org.springframework.jdbc.datasource.DriverManagerDataSource;
import org.springframework.security.authentication.UsernamePasswordAuthenticationToken;
import org.springframework.security.core.authority.AuthorityUtils;
import org.springframework.security.core.userdetails.User;
import org.springframework.security.crypto.bcrypt.BCryptPasswordEncoder;
import org.springframework.security.oauth2.common.OAuth2AccessToken;
import org.springframework.security.oauth2.provider.OAuth2Authentication;
import org.springframework.security.oauth2.provider.OAuth2Request;
import org.springframework.security.oauth2.provider.TokenRequest;
import org.springframework.security.oauth2.provider.client.BaseClientDetails;
import org.springframework.security.oauth2.provider.client.JdbcClientDetailsService;
import org.springframework.security.oauth2.provider.token.DefaultTokenServices;
import org.springframework.security.oauth2.provider.token.TokenStore;
import org.springframework.security.oauth2.provider.token.store.JdbcTokenStore;
import org.springframework.security.oauth2.provider.token.store.JwtAccessTokenConverter;
import org.springframework.security.oauth2.provider.token.store.JwtTokenStore;
import org.springframework.security.provisioning.JdbcUserDetailsManager;

/** Fills the database at the first argument and prints refresh tokens: stored, spent, signed with the second argument. */
public class Old {
    static final List<String> SCHEMA = List.of(
        "create table oauth_client_details (client_id varchar(256) primary key, resource_ids varchar(256), "
            + "client_secret varchar(256), scope varchar(256), authorized_grant_types varchar(256), "
            + "web_server_redirect_uri varchar(256), authorities varchar(256), access_token_validity integer, "
            + "refresh_token_validity integer, additional_information varchar(4096), autoapprove varchar(256))",
        "create table oauth_access_token (token_id varchar(256), token bytea, authentication_id varchar(256) primary key, "
            + "user_name varchar(256), client_id varchar(256), authentication bytea, refresh_token varchar(256))",
        "create table oauth_refresh_token (token_id varchar(256), token bytea, authentication bytea)",
        "create table users (username varchar(50) not null primary key, password varchar(500) not null, "
            + "enabled boolean not null)",
        "create table authorities (username varchar(50) not null references users(username), "
            + "authority varchar(50) not null, unique (username, authority))");

    public static void main(String[] arguments) throws Exception {
        var database = new DriverManagerDataSource(arguments[0]);
        var statements = new JdbcTemplate(database);
        SCHEMA.forEach(statements::execute);

        var encoder = new BCryptPasswordEncoder(4);
        var client = new BaseClientDetails("bo", "backoffice_api", "read,write", "password,refresh_token", "");
        client.setClientSecret("the secret of bo");
        client.setRefreshTokenValiditySeconds(86400);
        var clients = new JdbcClientDetailsService(database);
        clients.setPasswordEncoder(encoder);
        clients.addClientDetails(client);

        var people = new JdbcUserDetailsManager();
        people.setDataSource(database);
        var roles = AuthorityUtils.createAuthorityList("ROLE_ADMIN", "ROLE_USER");
        people.createUser(new User("junhuh", encoder.encode("the password of junhuh"), roles));
        people.createUser(new User("gone", encoder.encode("the password of gone"), false, true, true, true, roles));

        var stored = services(new JdbcTokenStore(database), clients, null);
        var live = stored.createAccessToken(authentication("junhuh", Set.of("read")));
        var first = stored.createAccessToken(authentication("junhuh", Set.of("read", "write")));
        var renewed = stored.refreshAccessToken(first.getRefreshToken().getValue(), asked(first));

        var converter = new JwtAccessTokenConverter();
        converter.setSigningKey(arguments[1]);
        converter.afterPropertiesSet();
        var signed = services(new JwtTokenStore(converter), clients, converter)
            .createAccessToken(authentication("junhuh", Set.of("read")));

        System.out.printf("{\"live\":\"%s\",\"renewed\":\"%s\",\"spent\":\"%s\",\"signed\":\"%s\"}%n",
            live.getRefreshToken().getValue(), renewed.getRefreshToken().getValue(),
            first.getRefreshToken().getValue(), signed.getRefreshToken().getValue());
    }

    static DefaultTokenServices services(TokenStore store, JdbcClientDetailsService clients, JwtAccessTokenConverter converter) {
        var services = new DefaultTokenServices();
        services.setTokenStore(store);
        services.setClientDetailsService(clients);
        services.setSupportRefreshToken(true);
        services.setReuseRefreshToken(false);
        if (converter != null) {
            services.setTokenEnhancer(converter);
        }
        return services;
    }

    static OAuth2Authentication authentication(String name, Set<String> scope) {
        var roles = AuthorityUtils.createAuthorityList("ROLE_ADMIN", "ROLE_USER");
        var request = new OAuth2Request(Map.of("grant_type", "password"), "bo", roles, true, scope,
            Set.of("backoffice_api"), null, null, null);
        return new OAuth2Authentication(request, new UsernamePasswordAuthenticationToken(name, null, roles));
    }

    static TokenRequest asked(OAuth2AccessToken token) {
        return new TokenRequest(Map.of(), "bo", token.getScope(), "refresh_token");
    }
}
