/** What a worker lends the agent plugin: how agents reach the server, what they are made of, and whether they answer. */

export interface AgentParcel {
  /** The host's node instance. */
  readonly host: string;
  /** Name of its folder on the host. */
  readonly name: string;
  /** Task queue that it serves. */
  readonly queue: string;
  /** JSON for `caisson agents run --settings`: with keys, for the host's eyes only. */
  readonly settings: string;
}

export interface AgentProgram {
  /** What makes it another one than the last: of the same build nothing is sent twice. */
  readonly build: string;
  /** A command that is on the host already, instead of a package that is sent there. */
  readonly command?: string;
  /** A package for hosts of this platform (`Linux x86_64`), made when it is first asked for. */
  packageFor(platform: string): Promise<string>;
}

export interface AgentKit {
  parcelFor(deploymentId: string, hostInstanceId: string): AgentParcel;
  readonly program: AgentProgram;
  /**
   * User data that starts the agent at a machine's first boot.
   *
   * @returns the text, and the part of it that nobody is to read
   * @throws NonRecoverableError when hosts cannot get the program by themselves
   */
  initScript(parcel: AgentParcel): { readonly text: string; readonly secret: string };
  /** Whether the agent of this very parcel takes work. */
  answers(parcel: AgentParcel): Promise<boolean>;
  /** Whether any agent of the host does. One that was killed is told of for some minutes more. */
  anyAnswers(parcel: AgentParcel): Promise<boolean>;
  /** Agents are told to reach the server on their own machine. */
  readonly local: boolean;
  /** In an agent: ends this process once it has nothing more to do. */
  readonly endItself?: () => void;
}

/** A file's place on the host, in the home folder of whoever logs in. */
export const AGENTS_FOLDER = '.caisson/agents';
export const PACKAGES_FOLDER = '.caisson/packages';
