// Every command of SourceLab's kafka-connect-client (AKHQ uses it) against a server:
//   java -cp JARS/* SourceLab.java URL FOLDER TOPIC
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.sourcelab.kafka.connect.apiclient.Configuration;
import org.sourcelab.kafka.connect.apiclient.KafkaConnectClient;
import org.sourcelab.kafka.connect.apiclient.request.dto.ConnectorPluginConfigDefinition;
import org.sourcelab.kafka.connect.apiclient.request.dto.NewConnectorDefinition;
import org.sourcelab.kafka.connect.apiclient.request.post.PostConnectorRestart;
import org.sourcelab.kafka.connect.apiclient.rest.exceptions.InvalidRequestException;
import org.sourcelab.kafka.connect.apiclient.rest.exceptions.ResourceNotFoundException;

public class SourceLab {
  static final String NAME = "source lab";
  static final long LIMIT_MS = 60_000;
  static int commands = 0;

  // Asks again until it is so: what a connector does takes time.
  static void check(String what, Callable<Boolean> test) throws Exception {
    ++commands;
    final long end = System.currentTimeMillis() + LIMIT_MS;
    while (!test.call()) {
      if (System.currentTimeMillis() > end) throw new AssertionError(what);
      Thread.sleep(200);
    }
  }

  static void refused(String what, Class<? extends Exception> as, String saying, Callable<?> call) throws Exception {
    try {
      call.call();
    } catch (Exception error) {
      if (as.isInstance(error) && error.getMessage().contains(saying)) return;
      throw new AssertionError(what + ": " + error);
    }
    throw new AssertionError(what + " was not refused");
  }

  public static void main(String[] arguments) throws Exception {
    final KafkaConnectClient client = new KafkaConnectClient(new Configuration(arguments[0]));
    final String topic = arguments[2];
    final Map<String, String> config =
        Map.of("connector.class", "file-sink", "topics", topic, "file.dir", arguments[1], "start.position", "earliest", "tasks.max", "1");

    check("version", () -> client.getConnectServerVersion().getVersion().startsWith("4."));
    check("plugins", () -> client.getConnectorPlugins().stream().anyMatch(one -> one.getClassName().equals("file-sink") && one.getType().equals("sink")));
    check("validate", () -> {
      final var verdict = client.validateConnectorPluginConfig(
          ConnectorPluginConfigDefinition.newBuilder().withName("file-sink").withConfig("connector.class", "file-sink").withConfig("topics", "getPlugins").build());
      return verdict.getErrorCount() > 0 && verdict.getConfigs().stream().anyMatch(one -> one.getDefinition() != null && one.getDefinition().getName().equals("file.dir")
          && !one.getValue().getErrors().isEmpty());
    });
    check("none there", () -> client.getConnectors().isEmpty());
    check("add", () -> client.addConnector(new NewConnectorDefinition(NAME, config)).getName().equals(NAME));
    check("list", () -> List.copyOf(client.getConnectors()).equals(List.of(NAME)));
    check("get", () -> {
      final var found = client.getConnector(NAME);
      return found.getType().equals("sink") && found.getConfig().get("topics").equals(topic) && found.getTasks().size() == 1;
    });
    check("config", () -> client.getConnectorConfig(NAME).get("file.dir").equals(arguments[1]));
    check("status", () -> running(client));
    check("expanded status", () -> client.getConnectorsWithExpandedStatus().getStatusForConnector(NAME).getConnector().get("state").equals("RUNNING"));
    check("expanded info", () -> client.getConnectorsWithExpandedInfo().getDefinitionForConnector(NAME).getConfig().get("topics").equals(topic));
    check("all expanded", () -> {
      final var all = client.getConnectorsWithAllExpandedMetadata();
      return all.getStatusForConnector(NAME) != null && all.getDefinitionForConnector(NAME) != null;
    });
    check("tasks", () -> client.getConnectorTasks(NAME).stream().allMatch(one -> one.getId().getConnector().equals(NAME) && one.getId().getTask() == 0));
    check("task status", () -> client.getConnectorTaskStatus(NAME, 0).getState().equals("RUNNING"));
    check("topics", () -> client.getConnectorTopics(NAME).getTopics().equals(List.of(topic)));
    check("topics reset", () -> client.resetConnectorTopics(NAME));
    check("update", () -> client.updateConnectorConfig(NAME, with(config, "tasks.max", "2")).getConfig().get("tasks.max").equals("2"));
    check("pause", () -> client.pauseConnector(NAME));
    check("paused", () -> client.getConnectorStatus(NAME).getConnector().get("state").equals("PAUSED"));
    check("resume", () -> client.resumeConnector(NAME));
    check("resumed", () -> running(client));
    check("restart", () -> client.restartConnector(NAME));
    check("restart with its tasks", () -> client.restartConnector(new PostConnectorRestart(NAME).withIncludeTasks(true).withOnlyFailed(false)));
    check("restart of a task", () -> client.restartConnectorTask(NAME, 0));
    check("running again", () -> running(client));
    check("stop", () -> client.stopConnector(NAME));
    check("stopped", () -> client.getConnectorStatus(NAME).getConnector().get("state").equals("STOPPED"));
    refused("a second one", InvalidRequestException.class, "already exists", () -> client.addConnector(new NewConnectorDefinition(NAME, config)));
    refused("one without its folder", InvalidRequestException.class, "file.dir", () -> client.addConnector(new NewConnectorDefinition("b", Map.of("connector.class", "file-sink", "topics", topic))));
    check("delete", () -> client.deleteConnector(NAME));
    refused("what is gone", ResourceNotFoundException.class, "not found", () -> client.getConnector(NAME));
    check("none there at the end", () -> client.getConnectors().isEmpty());
    System.out.println(commands + " commands");
  }

  static boolean running(KafkaConnectClient client) {
    final var status = client.getConnectorStatus(NAME);
    return status.getConnector().get("state").equals("RUNNING") && !status.getTasks().isEmpty()
        && status.getTasks().stream().allMatch(one -> Objects.equals(one.getState(), "RUNNING"));
  }

  static Map<String, String> with(Map<String, String> config, String key, String value) {
    final var changed = new java.util.HashMap<>(config);
    changed.put(key, value);
    return changed;
  }
}
