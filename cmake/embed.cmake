# ch_embed(TARGET NAMESPACE FILE...): a static library TARGET with <embedded/TARGET.hpp>, which declares
#   namespace NAMESPACE { extern const std::string_view <file name with _ for . and ->; }
# for each file. The files are part of the binary; a change of one rebuilds it.
function(ch_embed target namespace)
  set(dir ${CMAKE_CURRENT_BINARY_DIR}/embedded)
  set(header "#pragma once\n#include <string_view>\nnamespace ${namespace} {\n")
  set(source "#include <embedded/${target}.hpp>\nnamespace ${namespace} {\n")
  foreach(file ${ARGN})
    get_filename_component(path ${file} ABSOLUTE)
    get_filename_component(name ${file} NAME)
    string(MAKE_C_IDENTIFIER ${name} identifier)
    file(READ ${path} text)
    string(APPEND header "extern const std::string_view ${identifier};\n")
    # Compilers need only accept literals of 65536 characters: joined from pieces, which they concatenate themselves.
    string(LENGTH "${text}" length)
    set(literal "")
    set(at 0)
    while(at LESS length)
      string(SUBSTRING "${text}" ${at} 12000 piece)
      string(APPEND literal "R\"~~~(${piece})~~~\"\n")
      math(EXPR at "${at} + 12000")
    endwhile()
    string(APPEND source "const std::string_view ${identifier} =\n${literal};\n")
    set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${path})
  endforeach()
  file(WRITE ${dir}/new/${target}.hpp "${header}}\n")
  file(WRITE ${dir}/new/${target}.cpp "${source}}\n")
  configure_file(${dir}/new/${target}.hpp ${dir}/embedded/${target}.hpp COPYONLY)
  configure_file(${dir}/new/${target}.cpp ${dir}/${target}.cpp COPYONLY)
  add_library(${target} STATIC ${dir}/${target}.cpp)
  target_include_directories(${target} PUBLIC ${dir})
endfunction()

# ch_embed_assets(TARGET NAMESPACE FILE...): a static library TARGET with <embedded/TARGET.hpp>, which declares
#   namespace NAMESPACE { struct Asset {...}; extern const std::span<const Asset> assets; }
# with one Asset for each file: what a web server sends for it.
function(ch_embed_assets target namespace)
  set(dir ${CMAKE_CURRENT_BINARY_DIR}/assets)
  file(CONFIGURE OUTPUT ${dir}/embedded/${target}.hpp @ONLY CONTENT "#pragma once
#include <span>
#include <string_view>
namespace ${namespace} {
struct Asset {
  std::string_view path;  // below the folder, such as lang/en.js
  std::string_view type;  // Content-Type
  std::string_view tag;   // differs if the content does
  std::string_view plain;
  std::string_view gzip;
};
extern const std::span<const Asset> assets;
}  // namespace ${namespace}
")
  add_custom_command(OUTPUT ${dir}/${target}.cpp
    COMMAND python3 ${CH_SOURCE_DIR}/cmake/embed_assets.py ${target} ${namespace} ${CMAKE_CURRENT_SOURCE_DIR} ${ARGN}
    WORKING_DIRECTORY ${dir}
    DEPENDS ${CH_SOURCE_DIR}/cmake/embed_assets.py ${ARGN}
    COMMENT "Embedding ${target}" VERBATIM)
  add_library(${target} STATIC ${dir}/${target}.cpp)
  target_include_directories(${target} PUBLIC ${dir})
endfunction()
